"""REST: messages of channels."""

from http import HTTPStatus
from typing import Any

from tests.doubles.discord import posting
from tests.doubles.discord.bodies import check_body
from tests.doubles.discord.call import NO_CONTENT, Call, Endpoint, Reply
from tests.doubles.discord.errors import (
    Payload,
    Refusal,
    dms_closed,
    form_error,
    missing_access,
    missing_permissions,
    unknown_message,
)
from tests.doubles.discord.mentions import CHANNEL_DEFAULT
from tests.doubles.discord.model import Message, MessageKind, Parent
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.places import Place, PlaceKind
from tests.doubles.discord.render import message_payload, readable
from tests.doubles.discord.session import Intent
from tests.doubles.discord.world import World

CHANNEL = "/channels/{channel_id}"
MESSAGES = f"{CHANNEL}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"
LONGEST_PAGE = 100
LARGEST_FILE = 10 * 1024 * 1024
"""Discord: 10 MiB for each file."""


def shown(world: World, message: Message) -> Payload:
    """Discord: REST withholds content when the application may not have the intent at all."""
    allowed = bool(world.privileged_intents & Intent.MESSAGE_CONTENT)
    return message_payload(world, message, readable(world, content_intent=allowed))


def visible(call: Call) -> Place:
    place = call.world.place(call.params["channel_id"])
    if not place.permits(Permission.VIEW_CHANNEL):
        raise missing_access()
    return place


def needs(place: Place, *permissions: Permission) -> None:
    if not all(place.permits(permission) for permission in permissions):
        raise missing_permissions()


def message_in(world: World, place: Place, message_id: str) -> Message:
    message = world.messages.get(message_id)
    if message is None or message.deleted or message.channel_id != place.id:
        raise unknown_message()
    return message


def check_files(files: posting.Files) -> None:
    if any(len(data) > LARGEST_FILE for _, _, data in files):
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 40005, "Request entity too large")


def may_write(place: Place, call: Call) -> None:
    thread = place.kind == PlaceKind.THREAD
    needs(place, Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES)
    if call.files:
        needs(place, Permission.ATTACH_FILES)
    if call.form.get("embeds"):
        needs(place, Permission.EMBED_LINKS)
    if place.recipient is not None and place.recipient.dms_closed:
        raise dms_closed()
    if place.locked:
        needs(place, Permission.MANAGE_THREADS)


def create_message(call: Call) -> Reply:
    world, place, body = call.world, visible(call), call.form
    may_write(place, call)
    check_body(body, has_files=bool(call.files))
    check_files(call.files)
    parent = resolve_parent(world, place, body.get("message_reference"))
    nonce = body.get("nonce")
    if body.get("enforce_nonce") and nonce is not None and (first := world.nonces.get(str(nonce))):
        return Reply(shown(world, first))
    kind = MessageKind.DEFAULT if parent is None else MessageKind.REPLY
    message = posting.new_message(world, place, world.bot, kind=kind)
    message.nonce, message.parent = nonce, parent
    replied_to = world.messages[parent.message_id].author.id if parent is not None else None
    posting.write(world, message, body, call.files, posting.Rules(CHANNEL_DEFAULT, replied_to))
    if nonce is not None:
        world.nonces[str(nonce)] = message
    posting.publish(world, message)
    return Reply(shown(world, message))


def resolve_parent(world: World, place: Place, reference: Any) -> Parent | None:
    """Discord: an unknown parent refuses the message, unless fail_if_not_exists is false: then it is no reply."""
    if reference is None:
        return None
    if not isinstance(reference, dict) or "message_id" not in reference:
        raise form_error(["message_reference"], "MODEL_TYPE_CONVERT", "Expected an object/dictionary.")
    if not place.permits(Permission.READ_MESSAGE_HISTORY):
        raise Refusal(HTTPStatus.FORBIDDEN, 160002, "Cannot reply without permission to read message history")
    # discord.py sends these ids as numbers.
    message_id, channel_id = str(reference["message_id"]), str(reference.get("channel_id", place.id))
    if channel_id != place.id:
        raise form_error(
            ["message_reference", "channel_id"],
            "MESSAGE_REFERENCE_CHANNEL_MISMATCH",
            "Cannot reply to a message in a different channel",
        )
    message = world.messages.get(message_id)
    if message is None or message.deleted or message.channel_id != place.id:
        if reference.get("fail_if_not_exists", True):
            raise form_error(["message_reference"], "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return None
    if message.kind not in (
        MessageKind.DEFAULT,
        MessageKind.REPLY,
        MessageKind.SLASH_RESPONSE,
        MessageKind.MENU_RESPONSE,
    ):
        raise form_error(
            ["message_reference"],
            "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE",
            "Cannot reply to a system message",
        )
    return Parent(message_id, channel_id, place.guild_id)


def edit_message(call: Call) -> Reply:
    world, place, body = call.world, visible(call), call.form
    message = message_in(world, place, call.params["message_id"])
    if message.author is not world.bot:
        raise Refusal(HTTPStatus.FORBIDDEN, 50005, "Cannot edit a message authored by another user")
    if place.archived:
        raise Refusal(HTTPStatus.BAD_REQUEST, 50083, "Thread is archived")
    check_body(body, has_files=bool(call.files), before=message)
    check_files(call.files)
    posting.revise(
        world, message, body, call.files, posting.Rules(CHANNEL_DEFAULT, replied_author(call, message))
    )
    return Reply(shown(world, message))


def replied_author(call: Call, message: Message) -> str | None:
    """Whom an edit of this reply mentions again."""
    parent = call.world.messages.get(message.reference or "")
    return None if parent is None else parent.author.id


def delete_message(call: Call) -> Reply:
    world, place = call.world, visible(call)
    message = message_in(world, place, call.params["message_id"])
    if message.author is not world.bot:
        if place.kind == PlaceKind.DM:
            raise Refusal(HTTPStatus.FORBIDDEN, 50003, "Cannot execute action on a DM channel")
        needs(place, Permission.MANAGE_MESSAGES)
    posting.remove(world, message)
    return NO_CONTENT


def get_message(call: Call) -> Reply:
    place = visible(call)
    if not place.permits(Permission.READ_MESSAGE_HISTORY):
        raise missing_access()
    return Reply(shown(call.world, message_in(call.world, place, call.params["message_id"])))


def list_messages(call: Call) -> Reply:
    """Discord: newest first, whichever side of a message was asked for; empty without READ_MESSAGE_HISTORY.

    resources/message.mdx, Get Channel Messages: "If the current user is missing the READ_MESSAGE_HISTORY permission in
    the channel, then no messages will be returned." Without VIEW_CHANNEL: 50001.
    """
    place = visible(call)
    limit, side, pivot = page_size(call), *page_side(call)
    if not place.permits(Permission.READ_MESSAGE_HISTORY):
        return Reply([])
    there = sorted(
        (message for message in place.messages if not message.deleted), key=lambda message: int(message.id)
    )
    if side == "around":
        # Half of them older, whatever the time between them: ids tell milliseconds, not places.
        older = (
            [message for message in there if int(message.id) < pivot][-(limit // 2) :] if limit > 1 else []
        )
        page = (older + [message for message in there if int(message.id) >= pivot])[:limit]
    elif side == "before":
        page = [message for message in there if int(message.id) < pivot][-limit:]
    elif side == "after":
        page = [message for message in there if int(message.id) > pivot][:limit]
    else:
        page = there[-limit:]
    return Reply([shown(call.world, message) for message in reversed(page)])


def page_side(call: Call) -> tuple[str, int]:
    """Discord: around, before and after are snowflakes, and mutually exclusive."""
    given = [name for name in ("around", "before", "after") if name in call.query]
    for name in given:
        if not call.query[name].isdigit():
            value = call.query[name]
            raise form_error([name], "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    if len(given) > 1:
        raise form_error(
            given[1:], "MUTUALLY_EXCLUSIVE", "Only one of around, before and after may be passed."
        )
    return (given[0], int(call.query[given[0]])) if given else ("", 0)


def page_size(call: Call) -> int:
    limit = call.query.get("limit", "50")
    if not limit.lstrip("-").isdigit():
        raise form_error(["limit"], "NUMBER_TYPE_COERCE", f'Value "{limit}" is not int.')
    if int(limit) < 1:
        raise form_error(["limit"], "NUMBER_TYPE_MIN", "int value should be greater than or equal to 1.")
    if int(limit) > LONGEST_PAGE:
        raise form_error(["limit"], "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
    return int(limit)


ENDPOINTS = (
    Endpoint("POST", MESSAGES, create_message),
    Endpoint("GET", MESSAGES, list_messages),
    Endpoint("GET", MESSAGE, get_message),
    Endpoint("PATCH", MESSAGE, edit_message),
    Endpoint("DELETE", MESSAGE, delete_message),
)
