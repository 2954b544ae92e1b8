"""The payloads of Discord's objects, as the real ones carry them."""

from collections.abc import Callable

from tests.doubles.discord.errors import Payload
from tests.doubles.discord.model import Attachment, Message, MessageKind, User, iso
from tests.doubles.discord.places import Place, PlaceKind, Server
from tests.doubles.discord.world import World

Readable = Callable[[Message], bool]
JOINED = iso(1_600_000_000)


def user_payload(user: User) -> Payload:
    return {
        "id": user.id,
        "username": user.name,
        "discriminator": "0",
        "global_name": user.name.title() if user.global_name is None else user.global_name or None,
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
    }


def member_payload(user: User, server: Server | None) -> Payload:
    """A member without its user, as messages carry it."""
    return {
        "roles": sorted(server.held.get(user.id, ())) if server else [],
        "nick": server.nicks.get(user.id) if server else None,
        "avatar": None,
        "joined_at": JOINED,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }


def attachment_payload(attachment: Attachment) -> Payload:
    return {
        "id": attachment.id,
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size": len(attachment.data),
        "url": attachment.url,
        "proxy_url": attachment.url,
    }


def readable(world: World, *, content_intent: bool) -> Readable:
    """Discord: without the intent only the bot's own messages, DMs and messages that mention it have content."""

    def may_read(message: Message) -> bool:
        return (
            content_intent
            or message.guild_id is None
            or message.author is world.bot
            or world.bot in message.mentions
        )

    return may_read


def message_payload(world: World, message: Message, may_read: Readable, *, nested: bool = False) -> Payload:
    """`nested`: as the referenced message of another one, which carries no reference of its own."""
    shown = may_read(message)
    payload: Payload = {
        "id": message.id,
        "channel_id": message.channel_id,
        "author": user_payload(message.author),
        "content": message.content if shown else "",
        "timestamp": iso(message.created_at),
        "edited_timestamp": None if message.edited_at is None else iso(message.edited_at),
        "tts": False,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_payload(user) for user in message.mentions],
        "mention_roles": message.mention_roles,
        "attachments": [attachment_payload(one) for one in message.attachments] if shown else [],
        "embeds": message.embeds if shown else [],
        "components": message.components if shown else [],
        "pinned": message.pinned,
        "type": message.kind,
        "flags": message.flags,
    }
    if message.nonce is not None:
        payload["nonce"] = message.nonce
    if message.snapshots:
        payload["message_snapshots"] = message.snapshots if shown else []
    if message.interaction is not None:
        payload |= {"interaction_metadata": message.interaction, "webhook_id": world.application_id}
        payload["application_id"] = world.application_id
    if message.reactions:
        payload["reactions"] = reactions_payload(world, message)
    if message.parent is not None and not nested:
        payload |= reference_payload(world, message, may_read)
    return payload


def reactions_payload(world: World, message: Message) -> list[Payload]:
    emojis = dict.fromkeys(emoji for _, emoji in message.reactions)
    return [
        {
            "emoji": {"id": None, "name": emoji},
            "count": sum(1 for _, other in message.reactions if other == emoji),
            "me": (world.bot.id, emoji) in message.reactions,
            "me_burst": False,
            "count_details": {"burst": 0, "normal": 1},
            "burst_colors": [],
        }
        for emoji in emojis
    ]


def reference_payload(world: World, message: Message, may_read: Readable) -> Payload:
    """Discord: `referenced_message` is null when the parent is gone; replies and starters of threads carry it."""
    parent = message.parent
    if parent is None:
        return {}
    reference: Payload = {
        "type": parent.kind,
        "message_id": parent.message_id,
        "channel_id": parent.channel_id,
    }
    if parent.guild_id is not None:
        reference["guild_id"] = parent.guild_id
    payload: Payload = {"message_reference": reference}
    if message.kind in (MessageKind.REPLY, MessageKind.THREAD_STARTER):
        found = world.messages.get(parent.message_id)
        gone = found is None or found.deleted
        payload["referenced_message"] = (
            None if found is None or gone else message_payload(world, found, may_read, nested=True)
        )
    return payload


def message_event(world: World, message: Message, may_read: Readable) -> Payload:
    """A message as the gateway sends it: with the guild and the members. A DM has no guild_id key at all."""
    payload = message_payload(world, message, may_read)
    if message.guild_id is not None:
        server = world.servers.get(message.guild_id)
        payload["guild_id"] = message.guild_id
        payload["member"] = member_payload(message.author, server)
        payload["mentions"] = [
            {**user_payload(user), "member": member_payload(user, server)} for user in message.mentions
        ]
    return payload


def place_payload(world: World, place: Place) -> Payload:
    payload: Payload = {
        "id": place.id,
        "type": place.kind,
        "flags": 0,
        "last_message_id": place.messages[-1].id if place.messages else None,
    }
    if place.kind == PlaceKind.DM:
        people = [place.recipient] if place.recipient is not None else []
        return payload | {"recipients": [user_payload(user) for user in people]}
    payload |= {
        "guild_id": place.guild_id,
        "name": place.name,
        "parent_id": None if place.parent is None else place.parent.id,
        "rate_limit_per_user": 0,
        "nsfw": False,
        "topic": None,
        "position": 0,
        "permission_overwrites": [overwrite_payload(world, place)] if place.denied else [],
    }
    return payload | thread_fields(place) if place.kind == PlaceKind.THREAD else payload


def overwrite_payload(world: World, place: Place) -> Payload:
    return {"id": world.bot.id, "type": 1, "allow": "0", "deny": str(int(place.denied))}


def thread_fields(place: Place) -> Payload:
    written = len(place.messages)
    return {
        "owner_id": place.owner_id,
        "message_count": written,
        "member_count": 2,
        "total_message_sent": written,
        "thread_metadata": {
            "archived": place.archived,
            "auto_archive_duration": place.auto_archive_minutes,
            "archive_timestamp": iso(place.created_at),
            "locked": place.locked,
            "create_timestamp": iso(place.created_at),
        },
    }
