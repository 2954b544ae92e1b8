"""Who changed what: the audit of a place, told to people."""

import asyncio

from core.cascade import Level
from core.commands.command import Call
from core.commands.desk import Desk
from core.commands.places import for_whom, place_at
from core.commands.rights import is_operator
from core.store.preferences import Changed
from core.texts import Text, brief
from core.wrong import OperatorsOnly

_SHOWN = 60
"""Characters of a value."""


async def history(desk: Desk, call: Call, level: Level | None) -> str:
    """What was changed at ``level``, newest first; None: where the command was given. Raises CommandRefused."""
    place = place_at(call, level)
    if place.level is Level.DEPLOYMENT and not await is_operator(desk, call):
        raise OperatorsOnly  # it names people of other workspaces
    notes = await desk.preferences.audit(place)
    if not notes:
        return _NONE.say(call.language, where=for_whom(desk, call, place.level))
    names = {} if place.level is Level.DEPLOYMENT else await _names(desk, call, notes)
    return "\n".join(_line(call, note, names.get(note.author, note.author)) for note in notes)


def _line(call: Call, note: Changed, name: str) -> str:
    value = brief(note.value, _SHOWN)
    shown = f"`{value}`" if value else _RESET.say(call.language)
    return f"- {note.at:%Y-%m-%d %H:%M} UTC · `{name or '?'}` · `{note.name}` → {shown}"


async def _names(desk: Desk, call: Call, notes: list[Changed]) -> dict[str, str]:
    """Of whoever changed something: the name that people see, or else the platform's id."""
    channel = call.conversation.channel
    platform = desk.platforms.get(channel.platform)
    authors = list({note.author for note in notes})
    if platform is None:
        return {}
    people = await asyncio.gather(*(platform.person(author, channel) for author in authors))
    return {author: person.name or author for author, person in zip(authors, people, strict=True)}


_RESET = Text("reset", "已恢复")
_NONE = Text("Nothing was changed {where} yet.", "{where}还没有更改记录。")
