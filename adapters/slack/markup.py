"""Slack's two dialects: what comes in is escaped mrkdwn, what goes out is Markdown that notifies nobody."""

import re

_BROADCAST = re.compile(r"<!(channel|here|everyone|group|subteam)\b([^>]*)>", re.IGNORECASE)
_OPEN_BROADCAST = re.compile(r"<!(?=channel|here|everyone|group|subteam)", re.IGNORECASE)
_BARE_BROADCAST = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_PERSON = re.compile(r"<@(?=[UW][A-Z0-9])")
_LINK = re.compile(r"<((?:https?|mailto|tel):[^|>]+)(?:\|([^>]*))?>")
_TOKEN = re.compile(r"<([@#!])([^|>]+)(?:\|([^>]*))?>")
_EVERYBODY = {"channel", "here", "everyone"}


def inert(text: str) -> str:
    """``text`` as the model wrote it, with every mention that would notify somebody made plain text.

    Slack: ``<!channel>``, ``<!subteam^S1>`` and ``<@U1>`` notify in markdown_text; ``@here`` does where names are linked.
    """
    text = _BROADCAST.sub(r"&lt;!\1\2&gt;", text)
    text = _OPEN_BROADCAST.sub("&lt;!", text)
    text = _PERSON.sub("&lt;@", text)
    return _BARE_BROADCAST.sub("@\u200b", text)


def said(text: str, bot_user_id: str) -> str:
    """What a person wrote: without the mention of the bot, links and names as they were typed, entities undone."""
    text = re.sub(rf"<@{re.escape(bot_user_id)}(?:\|[^>]*)?>", "", text)
    text = _LINK.sub(
        lambda link: link[2] if link[2] and link[2] in link[1] else _link(link[1], link[2]), text
    )
    text = _TOKEN.sub(_typed, text)
    # Slack escapes exactly these three; & comes last, or &amp;lt; would be undone twice.
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _typed(token: re.Match[str]) -> str:
    """``#general`` for ``<#C1|general>``, ``@here`` for ``<!here>``; an id without a name stays what it is."""
    kind, name, label = token.groups()
    if kind == "!":
        return f"@{name}" if name in _EVERYBODY else label or token[0]
    return f"{kind}{label}" if label else token[0]


def _link(url: str, label: str | None) -> str:
    return f"{label} ({url})" if label else url


def escaped(text: str) -> str:
    """``text`` for a place that reads mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
