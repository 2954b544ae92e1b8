"""What the headers of Discord's answers say of the budgets."""

import pytest

from adapters.discord.buckets import Buckets

EMPTY = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "3.5"}
LEFT = {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "3.5"}
MESSAGES, MESSAGE = "/api/v10/channels/7/messages", "/api/v10/channels/7/messages/8"


@pytest.mark.parametrize(
    ("method", "path", "headers", "open_"),
    [
        ("POST", MESSAGES, EMPTY, (False, True)),
        ("PATCH", MESSAGE, EMPTY, (True, False)),
        ("POST", MESSAGES, LEFT, (True, True)),
        ("POST", "/api/v10/channels/9/messages", EMPTY, (True, True)),
        ("POST", "/api/v10/channels/7/typing", EMPTY, (True, True)),
        # Its bucket holds one: it is empty after each reaction.
        ("PUT", f"{MESSAGE}/reactions/%E2%8F%B3/@me", EMPTY, (True, True)),
        # Reading a channel's history has a bucket of its own.
        ("GET", MESSAGES, EMPTY, (True, True)),
        ("GET", MESSAGE, EMPTY, (True, True)),
    ],
)
def test_an_empty_bucket_closes_the_budget_that_it_is_of(
    method: str, path: str, headers: dict[str, str], open_: tuple[bool, bool]
) -> None:
    buckets = Buckets()
    buckets.heed(method, path, headers)
    assert (buckets.posts.of(7).idle, buckets.edits.of(7).idle) == open_
