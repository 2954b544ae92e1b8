"""Nobody is notified by what a model writes, and a model reads what a person typed."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.discord.markup import inert, said
from tests.doubles.discord.mentions import CHANNEL_DEFAULT, pinged

BOT = 1090000000000000001
PIECES = st.sampled_from(
    [
        *(
            "@",
            "<",
            ">",
            "!",
            "&",
            "\\",
            "`",
            " ",
            "\n",
            "\u200b",
            "everyone",
            "here",
            "1",
            "1090000000000000001",
        ),
        *("@everyone", "@here", "<@1>", "<@!1>", "<@&1>", "<@1090000000000000001>"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)
NOBODY: dict[str, list[str]] = {"parse": []}
"""What discord.AllowedMentions.none() becomes on the wire: how the bot's client sends everything."""


@given(TEXTS)
@example("@@everyone")
@example("@here@here")
def test_everyone_is_plain_even_where_mentions_are_allowed(text: str) -> None:
    assert pinged(inert(text), None, CHANNEL_DEFAULT, None).everyone == ()


@given(TEXTS)
def test_nobody_is_notified_by_what_the_client_sends(text: str) -> None:
    assert pinged(inert(text), NOBODY, CHANNEL_DEFAULT, "80351110224678912").all == set()


@given(TEXTS)
def test_nothing_but_the_mark_is_added(text: str) -> None:
    assert inert(text).replace("\u200b", "") == text.replace("\u200b", "")


@pytest.mark.parametrize("text", ["me@hereford.example", "@everyones", "everyone here", "<@1> `<@&2>`"])
def test_text_that_only_looks_like_a_broadcast_is_left_alone(text: str) -> None:
    assert inert(text) == text


@given(st.text().filter(lambda text: "<@" not in text))
def test_text_without_a_mention_is_what_was_typed(text: str) -> None:
    assert said(text, BOT, {}) == text.strip()


@pytest.mark.parametrize(
    ("content", "typed"),
    [
        (f"<@{BOT}> hello", "hello"),
        (f"<@!{BOT}> hello", "hello"),
        (f"hello <@{BOT}>", "hello"),
        (f"<@{BOT}0> hello", f"<@{BOT}0> hello"),
        ("greet <@2> and <@!2>", "greet @Ada and @Ada"),
        ("greet <@3>", "greet <@3>"),
        ("<#4> <@&5> <:smile:6>", "<#4> <@&5> <:smile:6>"),
        (f"<@{BOT}><@{BOT}>", ""),
    ],
)
def test_mentions_become_names_and_the_bots_own_goes(content: str, typed: str) -> None:
    assert said(content, BOT, {2: "Ada"}) == typed
