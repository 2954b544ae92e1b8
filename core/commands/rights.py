"""Who may change a setting, and changing it."""

from enum import Enum

from core.cascade import Level
from core.commands.command import Call
from core.commands.desk import Desk
from core.people import UNKNOWN, Person
from core.preferences import ADMINS, Preference
from core.store.preferences import Place
from core.texts import Text
from core.wrong import AdminUnknown, NotAllowed, NotAllowedHere, OperatorsOnly


class Who(Enum):
    """Who may change one setting at one level. The values are told to people."""

    ANYONE = Text("anyone", "任何人")
    UNTIL_KEPT = Text(
        "anyone, until an admin sets `changes admins`", "任何人，除非管理员已设置 `changes admins`"
    )
    ADMINS = Text("admins", "管理员")
    OPERATORS = Text("those named in `ADMINS`", "`ADMINS` 中指定的人")


def who_may(preference: Preference, level: Level) -> Who:
    """In a channel with others: a direct message's own settings are for anyone who writes there."""
    if level is Level.DEPLOYMENT:
        return Who.OPERATORS
    if level not in preference.free:
        return Who.ADMINS
    return Who.UNTIL_KEPT if level is Level.CHANNEL else Who.ANYONE


async def change(desk: Desk, call: Call, preference: Preference, place: Place, value: str) -> None:
    """Sets ``preference`` at ``place``, or forgets it when ``value`` is empty. Raises NotAllowed and AdminUnknown."""
    await _allow(desk, call, preference, place)
    by = operator_name(call) if place.level is Level.DEPLOYMENT else call.author
    await desk.preferences.choose(place, preference.name, value, by=by)


async def _allow(desk: Desk, call: Call, preference: Preference, place: Place) -> None:
    who = who_may(preference, place.level)
    if who is Who.ANYONE or (place.level is Level.CHANNEL and is_direct(desk, call)):
        return
    if who is Who.UNTIL_KEPT:
        chosen = await desk.preferences.chosen(call.conversation, call.author)
        if chosen["changes"] != ADMINS:
            return
    if who is Who.OPERATORS:
        if not await is_operator(desk, call):
            raise OperatorsOnly
        return
    admin = await is_admin(desk, call)
    if admin is None:
        raise AdminUnknown
    if not admin:
        free = Level.PERSON in preference.free and Level.PERSON in preference.levels
        raise NotAllowedHere if free else NotAllowed


def is_direct(desk: Desk, call: Call) -> bool:
    """Whoever writes there is the only person there."""
    platform = desk.platforms.get(call.conversation.channel.platform)
    return platform is not None and platform.direct(call.conversation.channel)


async def is_admin(desk: Desk, call: Call) -> bool | None:
    """Whether who gave the command administers the workspace; None when that cannot be found out now."""
    # Whom ADMINS names is known without the platform, which may be out of reach.
    if _named(desk, call):
        return True
    person = await _person(desk, call)
    return person.operator or person.admin


async def is_operator(desk: Desk, call: Call) -> bool:
    """Who gave the command runs the deployment: ``ADMINS`` names them, or their platform lets in nobody else."""
    return _named(desk, call) or (await _person(desk, call)).operator


def operator_name(call: Call) -> str:
    """Who gave the command, as ``ADMINS`` names people."""
    return f"{call.conversation.channel.platform}:{call.author}"


def _named(desk: Desk, call: Call) -> bool:
    return operator_name(call) in desk.admins


async def _person(desk: Desk, call: Call) -> Person:
    channel = call.conversation.channel
    platform = desk.platforms.get(channel.platform)
    return await platform.person(call.author, channel) if platform else UNKNOWN
