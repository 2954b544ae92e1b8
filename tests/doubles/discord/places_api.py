"""REST: the bot itself, users, guilds, channels, threads, typing and reactions."""

import time
from http import HTTPStatus

from tests.doubles.discord import posting
from tests.doubles.discord.call import NO_CONTENT, Call, Endpoint, Reply
from tests.doubles.discord.channel import open_dm, open_thread
from tests.doubles.discord.errors import Refusal, bad_length, unknown_guild, unknown_member, unknown_user
from tests.doubles.discord.messages_api import CHANNEL, MESSAGE, message_in, needs, visible
from tests.doubles.discord.model import User
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.places import Place, PlaceKind
from tests.doubles.discord.render import member_payload, place_payload, user_payload
from tests.doubles.discord.render_guild import guild_payload
from tests.doubles.discord.session import Intent
from tests.doubles.discord.world import World

REACTION = f"{MESSAGE}/reactions/{{emoji}}/@me"
IDENTIFIES_A_DAY = 1000


def me(call: Call) -> Reply:
    return Reply({**user_payload(call.world.bot), "verified": True, "email": None, "mfa_enabled": True})


def application(call: Call) -> Reply:
    world = call.world
    return Reply(
        {
            "id": world.application_id,
            "name": world.bot.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": Intent.application_flags(world.privileged_intents),
            "owner": user_payload(User(world.application_id, "owner")),
            "team": None,
            "install_params": {"scopes": ["bot", "applications.commands"], "permissions": "0"},
        }
    )


def gateway(call: Call) -> Reply:
    return Reply({"url": gateway_url(call.world)})


def gateway_bot(call: Call) -> Reply:
    start = {
        "total": IDENTIFIES_A_DAY,
        "remaining": IDENTIFIES_A_DAY,
        "reset_after": 86_400_000,
        "max_concurrency": 1,
    }
    return Reply({"url": gateway_url(call.world), "shards": 1, "session_start_limit": start})


def gateway_url(world: World) -> str:
    return world.base_url.replace("http", "ws", 1) + "/gateway"


def get_user(call: Call) -> Reply:
    return Reply(user_payload(known_user(call.world, call.params["user_id"])))


def known_user(world: World, user_id: str) -> User:
    user = world.users.get(user_id)
    if user is None:
        raise unknown_user()
    return user


def create_dm(call: Call) -> Reply:
    user = known_user(call.world, str(call.form.get("recipient_id")))
    if user is call.world.bot:
        raise Refusal(HTTPStatus.BAD_REQUEST, 50007, "Cannot send messages to this user")
    return Reply(place_payload(call.world, open_dm(call.world, user)))


def get_guild(call: Call) -> Reply:
    server = call.world.servers.get(call.params["guild_id"])
    if server is None:
        raise unknown_guild()
    return Reply(guild_payload(call.world, server))


def get_member(call: Call) -> Reply:
    """Discord: needs no intent, unlike the list of members."""
    server = call.world.servers.get(call.params["guild_id"])
    if server is None:
        raise unknown_guild()
    user = known_user(call.world, call.params["user_id"])
    if user.id in server.gone:
        raise unknown_member()
    return Reply({**member_payload(user, server), "user": user_payload(user)})


def get_channel(call: Call) -> Reply:
    return Reply(place_payload(call.world, visible(call)))


def edit_thread(call: Call) -> Reply:
    """Archiving, locking and renaming of threads; other channels are not the bot's business."""
    place, body = visible(call), call.form
    if place.kind != PlaceKind.THREAD or (place.owner_id != call.world.bot.id or "locked" in body):
        needs(place, Permission.MANAGE_THREADS)
    place.locked = bool(body.get("locked", place.locked))
    place.name = body.get("name", place.name)
    place.auto_archive_minutes = body.get("auto_archive_duration", place.auto_archive_minutes)
    posting.set_archived(call.world, place, archived=bool(body.get("archived", place.archived)))
    return Reply(place_payload(call.world, place))


def thread_from_message(call: Call) -> Reply:
    """Discord: one thread per message."""
    place = threadable(call)
    message = message_in(call.world, place, call.params["message_id"])
    if message.id in call.world.places:
        raise Refusal(HTTPStatus.BAD_REQUEST, 160004, "A thread has already been created for this message")
    thread = open_thread(call.world, place, call.world.bot, call.form["name"], message)
    return Reply(place_payload(call.world, thread), HTTPStatus.CREATED)


def thread_alone(call: Call) -> Reply:
    thread = open_thread(call.world, threadable(call), call.world.bot, call.form["name"], None)
    return Reply(place_payload(call.world, thread), HTTPStatus.CREATED)


def threadable(call: Call) -> Place:
    place = visible(call)
    if place.kind != PlaceKind.TEXT:
        raise Refusal(HTTPStatus.BAD_REQUEST, 50024, "Cannot execute action on this channel type")
    needs(place, Permission.CREATE_PUBLIC_THREADS)
    if not 1 <= len(call.form.get("name") or "") <= 100:
        raise bad_length(["name"], 1, 100)
    return place


def typing(call: Call) -> Reply:
    place = visible(call)
    thread = place.kind == PlaceKind.THREAD
    needs(place, Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES)
    place.typing.append(time.monotonic())
    return NO_CONTENT


def add_reaction(call: Call) -> Reply:
    place = visible(call)
    message = message_in(call.world, place, call.params["message_id"])
    emoji = call.params["emoji"]
    if emoji.isascii() and ":" not in emoji:
        raise Refusal(HTTPStatus.BAD_REQUEST, 10014, "Unknown Emoji")
    # Discord: who adds the first of a kind needs ADD_REACTIONS too.
    first = all(other != emoji for _, other in message.reactions)
    needs(place, Permission.READ_MESSAGE_HISTORY, *([Permission.ADD_REACTIONS] if first else []))
    if message.author.blocks_bot:
        raise Refusal(HTTPStatus.FORBIDDEN, 90001, "Reaction was blocked")
    mark = (call.world.bot.id, emoji)
    if mark not in message.reactions:
        message.reactions.append(mark)
    return NO_CONTENT


def remove_reaction(call: Call) -> Reply:
    message = message_in(call.world, visible(call), call.params["message_id"])
    mark = (call.world.bot.id, call.params["emoji"])
    if mark not in message.reactions:
        raise Refusal(HTTPStatus.NOT_FOUND, 10014, "Unknown Emoji")
    message.reactions.remove(mark)
    return NO_CONTENT


ENDPOINTS = (
    Endpoint("GET", "/users/@me", me),
    Endpoint("GET", "/oauth2/applications/@me", application),
    Endpoint("GET", "/applications/@me", application),
    Endpoint("GET", "/gateway", gateway, by_bot=False),
    Endpoint("GET", "/gateway/bot", gateway_bot),
    Endpoint("POST", "/users/@me/channels", create_dm),
    Endpoint("GET", "/users/{user_id}", get_user),
    Endpoint("GET", "/guilds/{guild_id}", get_guild),
    Endpoint("GET", "/guilds/{guild_id}/members/{user_id}", get_member),
    Endpoint("GET", CHANNEL, get_channel),
    Endpoint("PATCH", CHANNEL, edit_thread),
    Endpoint("POST", f"{MESSAGE}/threads", thread_from_message),
    Endpoint("POST", f"{CHANNEL}/threads", thread_alone),
    Endpoint("POST", f"{CHANNEL}/typing", typing),
    Endpoint("PUT", REACTION, add_reaction),
    Endpoint("DELETE", REACTION, remove_reaction),
)
