"""What comes in and goes out of Discord as text."""

import re
from collections.abc import Mapping

_BROADCAST = re.compile(r"@(?=(?:everyone|here)\b)")
_MENTION = re.compile(r"<@!?(\d+)>")


def inert(text: str) -> str:
    """``text`` with ``@everyone`` and ``@here`` made plain.

    allowed_mentions already keeps every mention from notifying; this keeps it from looking as if it had.
    """
    return _BROADCAST.sub("@\u200b", text)


def said(content: str, bot_id: int, names: Mapping[int, str]) -> str:
    """What a person wrote: without the mention of the bot, others by their names instead of their ids."""

    def named(mention: re.Match[str]) -> str:
        who = int(mention[1])
        return "" if who == bot_id else f"@{names[who]}" if who in names else mention[0]

    return _MENTION.sub(named, content).strip()
