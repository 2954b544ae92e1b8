"""REST: first responses to interactions, and the messages that follow through their token."""

import time
from http import HTTPStatus
from typing import Any

from tests.doubles.discord import posting
from tests.doubles.discord.bodies import check_body
from tests.doubles.discord.call import NO_CONTENT, Call, Endpoint, Reply
from tests.doubles.discord.commands import STRING, check_choices
from tests.doubles.discord.errors import (
    Payload,
    Refusal,
    bad_length,
    form_error,
    invalid_webhook_token,
    unknown_interaction,
    unknown_message,
    unknown_webhook,
)
from tests.doubles.discord.interacting import metadata
from tests.doubles.discord.interaction import Callback, Interaction, InteractionKind
from tests.doubles.discord.mentions import WEBHOOK_DEFAULT
from tests.doubles.discord.messages_api import check_files
from tests.doubles.discord.model import Message, MessageFlag, MessageKind, Parent
from tests.doubles.discord.render import message_payload
from tests.doubles.discord.world import World

WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
WEBHOOK_MESSAGE = f"{WEBHOOK}/messages/{{message_id}}"
RULES = posting.Rules(WEBHOOK_DEFAULT)
ALLOWED = {
    InteractionKind.COMMAND: {Callback.MESSAGE, Callback.DEFER, Callback.MODAL},
    InteractionKind.COMPONENT: {
        Callback.MESSAGE,
        Callback.DEFER,
        Callback.DEFER_UPDATE,
        Callback.UPDATE,
        Callback.MODAL,
    },
    InteractionKind.AUTOCOMPLETE: {Callback.CHOICES},
    InteractionKind.MODAL: {Callback.MESSAGE, Callback.DEFER, Callback.DEFER_UPDATE, Callback.UPDATE},
}
"""Which kind of interaction may be answered how."""


def shown(world: World, message: Message) -> Payload:
    """Its own messages are always readable to the bot."""
    return message_payload(world, message, lambda _: True)


def respond(call: Call) -> Reply:
    """Discord: one first response, within 3 seconds."""
    world, body = call.world, call.form
    interaction = world.interactions.get(call.params["interaction_token"])
    if interaction is None or interaction.id != call.params["interaction_id"]:
        raise unknown_interaction()
    if interaction.response is not None:
        raise Refusal(HTTPStatus.BAD_REQUEST, 40060, "Interaction has already been acknowledged.")
    if time.monotonic() > interaction.created + world.interaction_deadline:
        raise unknown_interaction()
    kind = body.get("type")
    if kind not in ALLOWED[interaction.kind]:
        raise form_error(
            ["type"], "INTERACTION_CALLBACK_INVALID", "Invalid interaction response for this interaction"
        )
    take_response(call, interaction, kind, body.get("data") or {})
    interaction.response, interaction.responded_at = body, time.monotonic()
    if call.query.get("with_response") not in ("1", "true", "True"):
        return NO_CONTENT
    return Reply(callback_payload(world, interaction, kind))


def take_response(call: Call, interaction: Interaction, kind: int, data: Payload) -> None:
    world = call.world
    if kind == Callback.MESSAGE:
        interaction.original = create(call, interaction, data)
    elif kind == Callback.DEFER:
        message = blank(world, interaction, int(data.get("flags") or 0))
        message.flags |= MessageFlag.LOADING
        interaction.original = message
        posting.publish(world, message)
    elif kind in (Callback.DEFER_UPDATE, Callback.UPDATE):
        if interaction.message is None:
            raise form_error(["type"], "INTERACTION_CALLBACK_INVALID", "There is no message to update")
        interaction.original = interaction.message
        if kind == Callback.UPDATE:
            edit(call, interaction.message, data)
    elif kind == Callback.CHOICES:
        check_choices(data.get("choices") or [], focused_type(interaction.data), ["data", "choices"])
    else:
        check_modal(data)


def focused_type(data: Payload) -> int:
    """The type of the option that is typed into, below any subcommands."""
    options: list[Payload] = data.get("options") or []
    for option in options:
        if option.get("focused"):
            return int(option["type"])
        if option.get("options"):
            return focused_type(option)
    return STRING


def check_modal(data: Payload) -> None:
    for name, most in (("title", 45), ("custom_id", 100)):
        if not 1 <= len(data.get(name) or "") <= most:
            raise bad_length(["data", name], 1, most)
    if not 1 <= len(data.get("components") or []) <= 5:
        raise bad_length(["data", "components"], 1, 5)


def blank(world: World, interaction: Interaction, flags: int, *, followup: bool = False) -> Message:
    slash = interaction.kind == InteractionKind.COMMAND and not followup
    menu = slash and interaction.data.get("type") != 1
    kind = MessageKind.MENU_RESPONSE if menu else MessageKind.SLASH_RESPONSE if slash else MessageKind.REPLY
    message = posting.new_message(world, interaction.place, world.bot, kind=kind)
    message.flags = flags & MessageFlag.EPHEMERAL
    message.interaction = metadata(interaction)
    answered = interaction.original if followup else interaction.message
    if answered is not None:
        message.parent = Parent(answered.id, answered.channel_id, answered.guild_id)
    return message


def create(call: Call, interaction: Interaction, body: Payload, *, followup: bool = False) -> Message:
    check_body(body, has_files=bool(call.files))
    check_files(call.files)
    message = blank(call.world, interaction, int(body.get("flags") or 0), followup=followup)
    posting.write(call.world, message, body, call.files, RULES)
    posting.publish(call.world, message)
    return message


def edit(call: Call, message: Message, body: Payload) -> Message:
    check_body(body, has_files=bool(call.files), before=message)
    check_files(call.files)
    posting.revise(call.world, message, body, call.files, RULES)
    return message


def callback_payload(world: World, interaction: Interaction, kind: int) -> Payload:
    about: Payload = {"id": interaction.id, "type": interaction.kind}
    payload: Payload = {"interaction": about}
    if (message := interaction.original) is not None:
        about |= {
            "response_message_id": message.id,
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral,
        }
        payload["resource"] = {"type": kind, "message": shown(world, message)}
    return payload


def acknowledged(call: Call) -> Interaction:
    """The interaction behind a webhook path. Before its first response there is no webhook."""
    interaction = call.world.interactions.get(call.params["webhook_token"])
    if interaction is None or call.params["webhook_id"] != call.world.application_id:
        raise unknown_webhook()
    if interaction.response is None:
        raise unknown_webhook()
    if time.monotonic() > interaction.created + call.world.interaction_lifetime:
        raise invalid_webhook_token()
    return interaction


def follow_up(call: Call) -> Reply:
    """Discord: the first followup after a defer fills the deferred message, whatever flags it has."""
    interaction = acknowledged(call)
    original = interaction.original
    if original is not None and original.loading and not original.deleted:
        return Reply(shown(call.world, edit(call, original, call.form)))
    message = create(call, interaction, call.form, followup=True)
    interaction.followups.append(message)
    return Reply(shown(call.world, message))


def addressed(call: Call) -> tuple[Interaction, Message]:
    interaction = acknowledged(call)
    message_id = call.params["message_id"]
    known: list[Any] = [interaction.original, *interaction.followups]
    if message_id == "@original":
        known = known[:1]
    for message in known:
        if message is not None and not message.deleted and message_id in ("@original", message.id):
            return interaction, message
    raise unknown_message()


def get_response(call: Call) -> Reply:
    return Reply(shown(call.world, addressed(call)[1]))


def edit_response(call: Call) -> Reply:
    return Reply(shown(call.world, edit(call, addressed(call)[1], call.form)))


def delete_response(call: Call) -> Reply:
    posting.remove(call.world, addressed(call)[1])
    return NO_CONTENT


ENDPOINTS = (
    Endpoint("POST", "/interactions/{interaction_id}/{interaction_token}/callback", respond, by_bot=False),
    Endpoint("POST", WEBHOOK, follow_up, by_bot=False),
    Endpoint("GET", WEBHOOK_MESSAGE, get_response, by_bot=False),
    Endpoint("PATCH", WEBHOOK_MESSAGE, edit_response, by_bot=False),
    Endpoint("DELETE", WEBHOOK_MESSAGE, delete_response, by_bot=False),
)
