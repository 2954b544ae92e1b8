"""Nobody is notified by what a model writes, and a model reads what a person typed."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.slack.markup import escaped, inert, said
from tests.doubles.slack import mentions

BOT = "U0BOT"
# The pieces of which Slack's notifications are made, so that random texts often come close to one.
PIECES = st.sampled_from(
    [
        *("<", ">", "!", "@", "|", "^", "&lt;", "&gt;", "&amp;", "&", "\u200b", " ", "\n", "`", "\\", "W1B2"),
        *("channel", "here", "everyone", "group", "CHANNEL", "Here", "subteam", "S0123", "U0123ABC", "label"),
        *("<!channel>", "<!here|here>", "<!subteam^S1>", "<@U1>", "<@W1|ada>", "@here", "@channel", "@group"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join)


@given(TEXTS)
@example("<!<!channel>channel>")
@example("<!sub<!here>team^S1>")
@example("<@<@U1>U1>")
@example("@@here")
@example("all: <!channel")
@example("<!subteam^S1 never closed")
def test_nothing_that_notifies_survives(text: str) -> None:
    shown = inert(text)
    assert mentions.broadcasts(shown, linked=True) == []
    assert mentions.users(shown) == []
    # A broadcast that is only begun may be completed by what is appended later.
    assert not re.search("<!(channel|here|everyone|group|subteam)", shown, re.IGNORECASE)


@given(TEXTS)
def test_what_notifies_nobody_is_shown_as_it_was_written(text: str) -> None:
    """Undoing the two marks gives the text back, so nothing was lost or added but them."""
    undone = inert(text).replace("\u200b", "").replace("&lt;", "<").replace("&gt;", ">")
    assert undone == text.replace("\u200b", "").replace("&lt;", "<").replace("&gt;", ">")


@pytest.mark.parametrize(
    "text",
    ["a < b and c > d", "x@hereford.example", "`if (a<b)`", "<!date^1^{date}|x>", "<#C1|general>", "@ada"],
)
def test_text_that_only_looks_like_a_mention_is_left_alone(text: str) -> None:
    assert inert(text) == text


def test_a_mention_stays_readable() -> None:
    assert inert("<!here> and <@U1>, @here") == "&lt;!here&gt; and &lt;@U1>, @\u200bhere"


@given(st.text())
@example("&lt;")
@example("&amp;lt;")
@example("<@U0BOT> & <!here>")
@example("<https://a.example|b>")
def test_said_inverts_the_escaping(text: str) -> None:
    assert said(escaped(text), BOT) == text.strip()


@given(TEXTS.filter(lambda text: "<@" not in text and "<#" not in text))
def test_said_is_what_a_person_typed(text: str) -> None:
    """``typed`` is Slack's side: it escapes, and makes ``<!here>`` of @here."""
    assert said(mentions.typed(text), BOT) == text.strip()


@pytest.mark.parametrize(
    ("wire", "typed"),
    [
        ("<@U0BOT> hello", "hello"),
        ("<@U0BOT|drun> hello", "hello"),
        ("hello <@U0BOT>", "hello"),
        ("<@U0BOT2> hello", "<@U0BOT2> hello"),
        ("ask <@U2|ada>", "ask @ada"),
        ("see <#C1|general> and <#C2>", "see #general and <#C2>"),
        ("<!channel> <!here|here> <!everyone>", "@channel @here @everyone"),
        ("<!subteam^S1|@oncall> and <!subteam^S2>", "@oncall and <!subteam^S2>"),
        ("<!date^1392734382^{date}|18 Feb 2014>", "18 Feb 2014"),
        ("<https://a.example/x?y=1&amp;z=2>", "https://a.example/x?y=1&z=2"),
        ("<http://a.example|a.example>", "a.example"),
        ("<https://a.example|the page>", "the page (https://a.example)"),
        ("<mailto:ada@a.example|ada@a.example>", "ada@a.example"),
        ("<tel:+4912345|+4912345>", "+4912345"),
        ("`&lt;b&gt;` &amp;amp;", "`<b>` &amp;"),
    ],
)
def test_slacks_markup_becomes_what_was_typed(wire: str, typed: str) -> None:
    assert said(wire, BOT) == typed
