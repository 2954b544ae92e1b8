"""What Discord tells of messages that were said before, and what the core is told of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest

from adapters.discord.events import DIRECT, read_change
from core.changes import Change, Deleted, Edited, Pinned
from core.conversation import Channel
from tests.adapters.discord.test_events import BOT, CHANNEL, DM, GUILD, MESSAGE, PAYLOADS, received

EDITED = "2026-11-22T18:27:40.123456+00:00"
EDITED_AT = 1_795_372_060_123_456
NOW = datetime.fromisoformat(EDITED).replace(tzinfo=UTC) + timedelta(hours=1)
SOON = NOW - timedelta(minutes=59, seconds=50)
WHERE, DIRECTLY = Channel("discord", GUILD, CHANNEL), Channel("discord", DIRECT, DM)
OURS = {"id": str(BOT), "username": "drun", "discriminator": "0", "avatar": None, "bot": True}


def update(what: str = "mention", **changes: Any) -> discord.RawMessageUpdateEvent:
    """The payload of MESSAGE_UPDATE is the whole message, as it is now."""
    payload = {**PAYLOADS[what], **changes}
    payload = {name: value for name, value in payload.items() if value != "absent"}
    # Any: discord.py's payload types ask for more than Discord sends.
    data: Any = payload
    return discord.RawMessageUpdateEvent(data=data, message=received({**PAYLOADS[what], **payload}))


def delete(**of: Any) -> discord.RawMessageDeleteEvent:
    data: Any = {"id": MESSAGE, "channel_id": CHANNEL, "guild_id": GUILD} | of
    return discord.RawMessageDeleteEvent(data)


TO_BOT = f"<@{BOT}> and now?"


async def changes() -> dict[str, tuple[Any, Change | None]]:
    """Made inside of a running loop: discord.py's client wants one."""
    bulk: Any = {"ids": ["12", "11"], "channel_id": CHANNEL, "guild_id": GUILD}
    direct: Any = {"id": MESSAGE, "channel_id": DM}
    return {
        "an edit": (
            update(content=TO_BOT, edited_timestamp=EDITED),
            Edited(WHERE, MESSAGE, "and now?", at=EDITED_AT, to_bot=True, pinned=False),
        ),
        "an edit that takes the mention away": (
            update(content="never mind", edited_timestamp=EDITED, mentions=[]),
            Edited(WHERE, MESSAGE, "never mind", at=EDITED_AT, pinned=False),
        ),
        "an edit of a pinned message": (
            update(content=TO_BOT, edited_timestamp=EDITED, pinned=True),
            Edited(WHERE, MESSAGE, "and now?", at=EDITED_AT, to_bot=True, pinned=True),
        ),
        "an edit in a direct message": (
            update("direct message", content="b", edited_timestamp=EDITED),
            Edited(DIRECTLY, MESSAGE, "b", at=EDITED_AT, to_bot=True, pinned=False),
        ),
        "an edit that may not be read": (
            update(content="", edited_timestamp=EDITED, mentions=[]),
            Pinned(WHERE, MESSAGE, pinned=False),
        ),
        "an update without content and pin": (
            update(content="absent", pinned="absent", edited_timestamp=EDITED),
            None,
        ),
        "a link that was resolved": (
            update(embeds=[{"type": "link", "url": "https://example.com"}]),
            Pinned(WHERE, MESSAGE, pinned=False),
        ),
        "a pin": (update(pinned=True), Pinned(WHERE, MESSAGE, pinned=True)),
        "a pinned answer": (
            update(author=OURS, edited_timestamp=EDITED, pinned=True),
            Pinned(WHERE, MESSAGE, pinned=True),
        ),
        "a pin that is taken off an answer": (
            update(author=OURS, edited_timestamp=EDITED),
            Pinned(WHERE, MESSAGE, pinned=False),
        ),
        "another bot's edit": (
            update(author=OURS | {"id": "77"}, content="b", edited_timestamp=EDITED),
            None,
        ),
        "a webhook's edit": (update(webhook_id="77", content="b", edited_timestamp=EDITED), None),
        "a deletion": (delete(), Deleted(WHERE, (MESSAGE,))),
        "a deletion in a direct message": (
            discord.RawMessageDeleteEvent(direct),
            Deleted(DIRECTLY, (MESSAGE,)),
        ),
        "many deletions": (discord.RawBulkMessageDeleteEvent(bulk), Deleted(WHERE, ("11", "12"))),
    }


async def test_what_people_did_to_a_message_becomes_a_change() -> None:
    table = await changes()
    assert {what: read_change(raw, BOT, NOW) for what, (raw, _) in table.items()} == {
        what: expected for what, (_, expected) in table.items()
    }


@pytest.mark.parametrize(("now", "expected"), [(SOON, None), (NOW, Pinned(WHERE, MESSAGE, pinned=False))])
async def test_an_edit_of_a_reply_that_is_being_written_is_left_alone(
    now: datetime, expected: Change | None
) -> None:
    assert read_change(update(author=OURS, edited_timestamp=EDITED), BOT, now) == expected
