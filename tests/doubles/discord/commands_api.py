"""REST: registered application commands, global and of one guild."""

from tests.doubles.discord.call import Call, Endpoint, Reply
from tests.doubles.discord.commands import SLASH, check_commands
from tests.doubles.discord.errors import Payload, missing_access, unknown_guild
from tests.doubles.discord.world import World

GLOBAL = "/applications/{application_id}/commands"
OF_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def overwrite(call: Call) -> Reply:
    """Discord: replaces all commands of the scope at once; one that keeps type and name keeps its id."""
    registered = scope(call)
    check_commands(call.body)
    known = {(command["type"], command["name"]): command["id"] for command in registered}
    guild_id = call.params.get("guild_id")
    registered[:] = [complete(call.world, command, known, guild_id) for command in call.body]
    return Reply(registered)


def listed(call: Call) -> Reply:
    return Reply(scope(call))


def scope(call: Call) -> list[Payload]:
    if call.params["application_id"] != call.world.application_id:
        raise missing_access()
    guild_id = call.params.get("guild_id")
    if guild_id is None:
        return call.world.commands
    if guild_id not in call.world.servers:
        raise unknown_guild()
    return call.world.servers[guild_id].commands


def complete(
    world: World, command: Payload, known: dict[tuple[int, str], str], guild_id: str | None
) -> Payload:
    kind = command.get("type", SLASH)
    made: Payload = {
        "id": known.get((kind, command["name"])) or world.snowflakes.make(),
        "application_id": world.application_id,
        "version": world.snowflakes.make(),
        "default_member_permissions": None,
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
        **command,
        "type": kind,
        "description": command.get("description") or "",
    }
    return made if guild_id is None else {**made, "guild_id": guild_id}


ENDPOINTS = (
    Endpoint("PUT", GLOBAL, overwrite),
    Endpoint("GET", GLOBAL, listed),
    Endpoint("PUT", OF_GUILD, overwrite),
    Endpoint("GET", OF_GUILD, listed),
)
