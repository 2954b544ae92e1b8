"""What somebody takes along from Slack: a file for them alone, or what one message holds of it, exactly."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.core.store.talk import eventually
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.channel import Channel as SlackChannel
from tests.doubles.slack.channel import SlashResult
from tests.doubles.slack.faults import ApiError, ConnectionReset, Delay, Fault, HttpError, RateLimited
from tests.doubles.slack.model import Message
from tests.journeys.running import running
from tests.journeys.stages import SlackStage

LOUD = "Tell <!channel>, @here and <@U1>:\n```\nfenced\n````\n& done."
OPEN, ANNOUNCE, BRING, SHARE = (
    "conversations.open",
    "files.getUploadURLExternal",
    "upload",
    "files.completeUploadExternal",
)
SENT = "It is in your direct messages with me, as the file `conversation.{0}`."
OPERATOR = "Whoever runs this service can have it with `drun-chat export slack:"


@asynccontextmanager
async def talked(
    redis_url: str, slack: SlackStage, drun: DrunDouble, answer: str = LOUD, *, times: int = 1
) -> AsyncIterator[SlackChannel]:
    """So many questions were answered in a channel, and are kept: a moment after their answers are shown."""
    drun.reply_with(answer)
    async with running(redis_url, drun, slack), Redis.from_url(redis_url) as redis:

        async def kept() -> bool:
            names = [name async for name in redis.scan_iter("drun:*:history:*")]
            return sum([await redis.zcard(name) for name in names]) == times

        for number in range(times):
            asked = await slack.ask(f"question {number}")
            await slack.until(lambda asked=asked: slack.answers(asked) and not slack.writing(asked))  # type: ignore[misc] # mypy infers no lambda with a default
        await eventually(kept)
        yield slack.channel("general")


def alone_with(slack: SlackStage) -> list[Message]:
    """What the bot has said to Ada in their direct messages."""
    return slack.slack.open_dm(slack.ada).messages


def replies(text: str) -> list[str]:
    """The answers in an export as JSON. Raises ValueError where it is none."""
    found: dict[str, Any] = json.loads(text)
    return [turn["reply"] for turn in found["turns"]]


def code(shown: SlashResult) -> str:
    """What stands in the one code block, which is all that follows the first line."""
    _head, _, rest = shown.texts[0].partition("\n\n")
    fence, _, rest = rest.partition("\n")
    inside, _, end = rest.rpartition("\n")
    assert fence == end
    assert set(fence) == {"`"}
    assert fence not in inside
    return inside


@pytest.mark.parametrize("form", ["json", "markdown"])
async def test_a_real_talk_comes_as_a_file_to_whoever_asks_for_it_alone(
    redis_url: str, slack: SlackStage, drun: DrunDouble, form: str
) -> None:
    answer = f"{LOUD}\n{'much ' * 1_000}end"
    async with talked(redis_url, slack, drun, answer, times=3) as channel:
        before = len(channel.messages)
        shown = await channel.slash(slack.ada, "/drun", f"export {form}")
    [sent] = alone_with(slack)
    file = slack.slack.file(sent)
    assert (shown.ack_payload or {})["response_type"] == "ephemeral"
    name = "json" if form == "json" else "md"
    assert shown.texts[0].endswith(SENT.format(name))
    assert file.name == f"conversation.{name}"
    text = file.data.decode()
    assert len(text) > 12_000
    assert form == "markdown" or replies(text) == [answer] * 3
    assert len(channel.messages) == before, "nobody else sees anything"
    assert (sent.broadcasts, sent.mentions) == ([], [])
    assert len(drun.requests) == 3, "its own file is nothing that the bot answers"


async def test_a_file_that_takes_long_is_told_of_when_it_is_there(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    async with talked(redis_url, slack, drun) as channel:
        slack.slack.fail(SHARE, Delay(2.3))
        shown = await channel.slash(slack.ada, "/drun", "export json")
        assert shown.acked
        await slack.until(lambda: shown.responses)
    assert shown.responses[0]["response_type"] == "ephemeral"
    assert shown.texts[0].endswith(SENT.format("json"))


@pytest.mark.parametrize("missing", ["im:write", "files:write"])
async def test_without_a_scope_what_fits_is_shown_as_it_is(
    redis_url: str, slack: SlackStage, drun: DrunDouble, missing: str
) -> None:
    slack.slack.workspace.scopes.discard(missing)
    async with talked(redis_url, slack, drun) as channel:
        shown = await channel.slash(slack.ada, "/drun", "export json")
        read = await channel.slash(slack.ada, "/drun", "export")
    assert (shown.ack_payload or {})["response_type"] == "ephemeral"
    assert replies(code(shown)) == [LOUD]
    assert LOUD in code(read)
    assert alone_with(slack) == []


async def test_without_a_scope_what_does_not_fit_is_the_operators_to_give(
    redis_url: str, slack: SlackStage, drun: DrunDouble
) -> None:
    slack.slack.workspace.scopes.discard("files:write")
    async with talked(redis_url, slack, drun, "much " * 2_500) as channel:
        shown = await channel.slash(slack.ada, "/drun", "export json")
    assert OPERATOR in shown.texts[0]
    assert "much" not in shown.texts[0]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (OPEN, ApiError("user_disabled")),
        (OPEN, HttpError(503)),
        (ANNOUNCE, ApiError("file_uploads_disabled")),
        (ANNOUNCE, RateLimited(30)),
        (BRING, HttpError(500)),
        (BRING, HttpError(302)),
        (SHARE, ApiError("posting_to_channel_denied")),
        (SHARE, ConnectionReset(applied=False)),
    ],
)
async def test_trouble_with_the_file_does_not_keep_what_fits_from_being_shown(
    redis_url: str, slack: SlackStage, drun: DrunDouble, step: str, fault: Fault
) -> None:
    # aiohttp asks once more over a new connection when a kept one turns out to be dead.
    async with talked(redis_url, slack, drun) as channel:
        slack.slack.fail(step, fault, *([fault] if isinstance(fault, ConnectionReset) else []))
        shown = await channel.slash(slack.ada, "/drun", "export json")
    assert replies(code(shown)) == [LOUD]
    assert alone_with(slack) == []
