"""The payload of a guild."""

from tests.doubles.discord.errors import Payload
from tests.doubles.discord.model import iso
from tests.doubles.discord.places import PlaceKind, Role, Server
from tests.doubles.discord.render import member_payload, place_payload, user_payload
from tests.doubles.discord.world import World

SETTINGS: Payload = {
    "icon": None,
    "features": [],
    "emojis": [],
    "stickers": [],
    "unavailable": False,
    "large": False,
    "presences": [],
    "voice_states": [],
    "stage_instances": [],
    "guild_scheduled_events": [],
    "soundboard_sounds": [],
    "rules_channel_id": None,
    "afk_channel_id": None,
    "afk_timeout": 300,
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "mfa_level": 0,
    "nsfw_level": 0,
    "premium_tier": 0,
    "premium_subscription_count": 0,
    "premium_progress_bar_enabled": False,
    "system_channel_flags": 0,
    "vanity_url_code": None,
    "description": None,
    "banner": None,
    "splash": None,
    "discovery_splash": None,
    "application_id": None,
    "public_updates_channel_id": None,
    "safety_alerts_channel_id": None,
}
"""What every guild here has, and clients expect to find."""


def everyone_role(server: Server) -> Payload:
    """Discord: the role of everyone has the guild's id."""
    return {
        "id": server.id,
        "name": "@everyone",
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0,
        "permissions": str(server.everyone_may),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def role_payload(server: Server, role: Role) -> Payload:
    given = {"id": role.id, "name": role.name, "permissions": str(int(role.permissions)), "position": 1}
    return everyone_role(server) | given


def guild_payload(world: World, server: Server) -> Payload:
    """A guild as REST and GUILD_CREATE carry it. Discord: channels that the bot cannot see are listed too."""
    threads = [place for place in server.places if place.kind == PlaceKind.THREAD and not place.archived]
    channels = [place for place in server.places if place.kind == PlaceKind.TEXT]
    return {
        **SETTINGS,
        "id": server.id,
        "name": server.name,
        "owner_id": server.owner_id,
        "preferred_locale": server.locale,
        "roles": [everyone_role(server), *(role_payload(server, role) for role in server.roles)],
        "member_count": len(world.users),
        "joined_at": iso(server.joined_at),
        "system_channel_id": server.system_channel_id,
        "channels": [place_payload(world, place) for place in channels],
        "threads": [place_payload(world, place) for place in threads],
        "members": [{**member_payload(world.bot, server), "user": user_payload(world.bot)}],
    }
