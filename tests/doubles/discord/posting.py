"""Making, changing and removing messages, with the events that follow."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.doubles.discord.errors import Payload
from tests.doubles.discord.mentions import Pinged, pinged, spoken_text
from tests.doubles.discord.model import Message, MessageFlag, Revision, User
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.places import Place
from tests.doubles.discord.render import message_event, place_payload, readable
from tests.doubles.discord.session import Intent
from tests.doubles.discord.world import World

Files = Sequence[tuple[str, str, bytes]]
"""Name, content type and bytes of each file."""
SETTABLE = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2 | 1 << 12
"""Discord: a client may set these flags, and EPHEMERAL in interactions; others are ignored."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a message without `allowed_mentions` parses, and whom a reply would ping."""

    default: frozenset[str]
    replied_to: str | None = None


def write(world: World, message: Message, body: Payload, files: Files, rules: Rules) -> None:
    """Takes over what `body` says. The body was checked before."""
    if "content" in body:
        message.content = body["content"] or ""
    if "embeds" in body:
        message.embeds = body["embeds"] or []
    if "components" in body:
        message.components = body["components"] or []
    if "flags" in body:
        kept = message.flags & ~MessageFlag.SUPPRESS_EMBEDS
        message.flags = kept | int(body["flags"] or 0) & SETTABLE
    if "attachments" in body:
        kept_ids = {str(one.get("id")) for one in body["attachments"] or []}
        message.attachments = [one for one in message.attachments if one.id in kept_ids]
    message.attachments += [world.attach(message.channel_id, *file) for file in files]
    # Discord: mentions are made anew from a new text; an edit of anything else leaves them.
    if "content" in body or "components" in body:
        allowed = body.get("allowed_mentions")
        message.allowed_mentions.append(allowed)
        text = spoken_text(message.content, message.components)
        mention(world, message, pinged(text, allowed, rules.default, rules.replied_to))
    if not message.edits or "content" in body:
        message.edits.append(Revision(message.content, time.monotonic()))


def mention(world: World, message: Message, who: Pinged) -> None:
    message.mentions = [world.users[user] for user in who.users if user in world.users]
    message.mention_roles = list(who.roles)
    message.mention_everyone = bool(who.everyone)
    message.pings |= who.all


def new_message(world: World, place: Place, author: User, *, kind: int, made: str | None = None) -> Message:
    return Message(
        id=made or world.snowflakes.make(),
        channel_id=place.id,
        guild_id=place.guild_id,
        author=author,
        kind=kind,
    )


def publish(world: World, message: Message) -> None:
    """Discord: an ephemeral message is in no channel and reaches no gateway."""
    if not message.ephemeral:
        place = world.place_of(message)
        place.messages.append(message)
        world.messages[message.id] = message
        if place.archived:
            set_archived(world, place, archived=False)
        announce(world, message, "MESSAGE_CREATE")
    world.pulse.beat()


def set_archived(world: World, place: Place, *, archived: bool) -> None:
    place.archived = archived
    if place.guild_id is not None:
        extra = {"guild_id": place.guild_id}
        world.dispatch(
            "THREAD_UPDATE",
            lambda _: place_payload(world, place) | extra,
            intent=Intent.GUILDS,
            guild_id=place.guild_id,
        )


def announce(world: World, message: Message, event: str) -> None:
    """MESSAGE_CREATE or MESSAGE_UPDATE. Both carry the whole message."""
    if message.ephemeral:
        return
    tell(
        world,
        message,
        event,
        lambda content: message_event(world, message, readable(world, content_intent=content)),
    )


def tell(world: World, message: Message, event: str, payload: Callable[[bool], Payload]) -> None:
    """Sends an event about a message to who may see it: without VIEW_CHANNEL the bot hears nothing."""
    if not world.place_of(message).permits(Permission.VIEW_CHANNEL):
        return
    intent = Intent.DIRECT_MESSAGES if message.guild_id is None else Intent.GUILD_MESSAGES
    world.dispatch(event, payload, intent=intent, guild_id=message.guild_id)


def revise(world: World, message: Message, body: Payload, files: Files, rules: Rules) -> None:
    """An edit. Discord: `edited_timestamp` is set and the message is sent again as a whole."""
    write(world, message, body, files, rules)
    message.flags &= ~MessageFlag.LOADING
    message.edited_at = time.time()
    announce(world, message, "MESSAGE_UPDATE")
    world.pulse.beat()


def remove(world: World, message: Message) -> None:
    message.deleted = True
    if not message.ephemeral:
        gone: Payload = {"id": message.id, "channel_id": message.channel_id}
        if message.guild_id is not None:
            gone["guild_id"] = message.guild_id
        tell(world, message, "MESSAGE_DELETE", lambda _: gone)
    world.pulse.beat()


def remove_together(world: World, messages: Sequence[Message]) -> None:
    """Discord: one event for all of them, which are of one channel."""
    for message in messages:
        message.deleted = True
    first = messages[0]
    gone: Payload = {"ids": [message.id for message in messages], "channel_id": first.channel_id}
    if first.guild_id is not None:
        gone["guild_id"] = first.guild_id
    tell(world, first, "MESSAGE_DELETE_BULK", lambda _: gone)
    world.pulse.beat()
