"""Sending interactions to the bot and waiting for what the person sees."""

import secrets
import time

from tests.doubles.discord.errors import Payload
from tests.doubles.discord.interaction import Interaction, InteractionKind, NoResponseError
from tests.doubles.discord.model import Message, User
from tests.doubles.discord.places import Place, PlaceKind
from tests.doubles.discord.render import member_payload, message_payload, place_payload, user_payload
from tests.doubles.discord.world import World

ATTACHMENT_LIMIT = 10 * 1024 * 1024


def start(
    world: World, place: Place, user: User, kind: int, data: Payload, *, message: Message | None = None
) -> Interaction:
    """Makes the interaction and sends it. It needs no intent."""
    interaction = Interaction(
        id=world.snowflakes.make(),
        token=secrets.token_urlsafe(48),
        kind=kind,
        user=user,
        place=place,
        data=data,
        message=message,
    )
    world.interactions[interaction.token] = interaction
    payload = interaction_payload(world, interaction)
    world.dispatch("INTERACTION_CREATE", lambda _: payload, intent=0, guild_id=place.guild_id)
    return interaction


async def answered(world: World, interaction: Interaction) -> Interaction:
    """Waits for the first response; NoResponseError after Discord's 3 seconds."""
    left = interaction.created + world.interaction_deadline - time.monotonic()
    try:
        await world.pulse.until(lambda: interaction.response is not None, max(left, 0), lambda: "no response")
    except TimeoutError:
        raise NoResponseError(
            f"the application did not respond to {interaction.data} within {world.interaction_deadline:g} s"
        ) from None
    return interaction


def interaction_payload(world: World, interaction: Interaction) -> Payload:
    place, user = interaction.place, interaction.user
    payload: Payload = {
        "id": interaction.id,
        "application_id": world.application_id,
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": place.id,
        "channel": place_payload(world, place),
        "app_permissions": str(int(place.bot_permissions)),
        "attachment_size_limit": ATTACHMENT_LIMIT,
        "locale": user.locale,
        "entitlements": [],
        "context": 1 if place.kind == PlaceKind.DM else 0,
        "authorizing_integration_owners": {"0": place.guild_id or "0"},
    }
    if place.guild_id is None:
        payload["user"] = user_payload(user)
    else:
        server = world.servers[place.guild_id]
        payload |= {
            "guild_id": server.id,
            "guild": {"id": server.id, "locale": server.locale, "features": []},
            "guild_locale": server.locale,
            "member": {
                **member_payload(user, server),
                "user": user_payload(user),
                "permissions": str(int(user.permissions)),
            },
        }
    if interaction.message is not None:
        payload["message"] = message_payload(world, interaction.message, lambda _: True)
    return payload


def metadata(interaction: Interaction) -> Payload:
    """`interaction_metadata` of the messages that an interaction made."""
    made: Payload = {
        "id": interaction.id,
        "type": interaction.kind,
        "user": user_payload(interaction.user),
        "authorizing_integration_owners": {"0": interaction.place.guild_id or "0"},
    }
    if interaction.kind == InteractionKind.COMPONENT and interaction.message is not None:
        made["interacted_message_id"] = interaction.message.id
    return made
