"""The core's commands, as Discord is told of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands
from pydantic import SecretStr

from adapters.discord.app import connected_writer
from adapters.discord.settings import Settings
from adapters.discord.spelling import Translations, add_commands
from core.commands.listed import COMMANDS
from core.conversation import UserMessage
from core.drun.catalog import Catalog
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.drun.model import Model
from core.inbox import Inbox
from core.presets import ours
from core.store.connection import Connections
from core.store.journal import Journals
from core.store.turns import Turns
from tests.core.desks import desk_of
from tests.doubles.discord.commands import MOST_CHOICES, STRING, check_commands
from tests.doubles.discord.server import DiscordDouble


def nothing_is_asked(message: UserMessage, _shown: object) -> None:
    raise AssertionError(f"asked: {message.text}")


@pytest.fixture
async def inbox(connections: Connections) -> AsyncIterator[Inbox]:
    async with http_client() as http:
        catalog = Catalog(ModelClient(http), [], aliases={}, runs={})
        turns = Turns(connections, partitions=1, lease_s=10.0, history_ttl_s=60)
        yield Inbox(desk_of(connections, catalog, turns=turns), Journals(connections, ttl_s=60))


@pytest.fixture
async def registered(inbox: Inbox) -> list[dict[str, Any]]:
    """What the double keeps after the real tree was synchronised; it refuses what Discord would refuse."""
    async with DiscordDouble(
        token="am91cm5leS1ib3QtaWQtMDAw.spelli.ng-token-of-the-double-0000000"
    ) as discord_:
        settings = Settings(discord_token=SecretStr(discord_.token), discord_api_url=discord_.api_url)
        async with connected_writer(settings, aiohttp.TraceConfig()) as writer:
            tree: app_commands.CommandTree[discord.Client] = app_commands.CommandTree(writer)
            add_commands(tree, inbox, nothing_is_asked)
            await tree.set_translator(Translations())
            await tree.sync()
        return list(discord_.commands)


async def test_every_command_of_the_core_is_registered_and_no_other(registered: list[dict[str, Any]]) -> None:
    assert [command["name"] for command in registered] == list(COMMANDS)
    check_commands(registered)


async def test_each_has_its_summary_in_both_languages(registered: list[dict[str, Any]]) -> None:
    for command in registered:
        summary = COMMANDS[command["name"]].summary
        assert command["description"] == summary.en
        assert command["description_localizations"] == {"zh-CN": summary.zh}


async def test_arguments_are_texts_completed_or_chosen_that_may_be_left_out(
    registered: list[dict[str, Any]],
) -> None:
    for command in registered:
        arguments = COMMANDS[command["name"]].arguments
        options = command.get("options") or []
        assert [option["name"] for option in options] == [argument.name for argument in arguments]
        for option, argument in zip(options, arguments, strict=True):
            assert option["type"] == STRING
            assert bool(option.get("autocomplete")) is (argument.complete is not None)
            chosen = [choice["value"] for choice in option.get("choices") or ()]
            # A thread of Discord is a channel of its own.
            assert chosen == [choice for choice in argument.choices if choice != "thread"]
            assert not option.get("required")
            assert option["description_localizations"] == {"zh-CN": argument.summary.zh}


async def test_a_command_works_in_guilds_and_in_direct_messages(registered: list[dict[str, Any]]) -> None:
    assert registered
    for command in registered:
        assert command["dm_permission"] is True
        assert command["default_member_permissions"] is None


async def test_no_more_is_offered_than_discord_shows(inbox: Inbox) -> None:
    """Whatever a catalog holds: the list is cut, and so is every name in it."""

    class Long:
        async def like(self, text: str) -> list[Model]:
            endpoint = Endpoint(Deployment.SERVICE, "http://127.0.0.1:1", "key")
            return [Model(f"u-1100a15812cc/{number}-{'x' * 200}", endpoint) for number in range(60)]

    catalog: Any = Long()
    tree: app_commands.CommandTree[discord.Client] = app_commands.CommandTree(
        discord.Client(intents=discord.Intents(guilds=True))
    )
    add_commands(tree, replace(inbox, desk=replace(inbox.desk, catalog=catalog)), nothing_is_asked)
    choices = await option(tree, "model", "name").autocomplete(asking(), "x")
    assert len(choices) == MOST_CHOICES
    assert all(1 <= len(choice.name) <= 100 and 1 <= len(choice.value) <= 100 for choice in choices)


def option(tree: app_commands.CommandTree[discord.Client], command: str, name: str) -> Any:
    found: Any = tree.get_command(command)
    return next(each for each in found._params.values() if str(each.display_name) == name)


def asking(**written: str) -> Any:
    """Somebody who has filled in some options so far, as discord.py tells of them."""
    about: Any = SimpleNamespace(_state=None, guild=None, guild_id=None)
    options: Any = [{"name": name, "type": STRING, "value": value} for name, value in written.items()]
    return SimpleNamespace(
        namespace=app_commands.Namespace(about, {}, options),
        guild=None,
        channel_id=1,
        user=SimpleNamespace(id=2),
        locale=discord.Locale.american_english,
    )


@pytest.mark.parametrize(
    ("written", "offered"),
    [
        ({"name": "thinking"}, ["summary", "full", "off", "reset"]),
        ({"name": " busy "}, ["queue", "collect", "interrupt", "reset"]),
        ({"name": "temperature"}, ["reset"]),
        ({"name": "nothing of ours"}, []),
        ({}, []),
    ],
)
async def test_the_values_that_are_offered_are_those_of_the_setting(
    inbox: Inbox, written: dict[str, str], offered: list[str]
) -> None:
    tree: app_commands.CommandTree[discord.Client] = app_commands.CommandTree(
        discord.Client(intents=discord.Intents(guilds=True))
    )
    add_commands(tree, inbox, nothing_is_asked)
    choices = await option(tree, "settings", "value").autocomplete(asking(**written), "")
    assert [choice.value for choice in choices] == offered


@pytest.mark.parametrize(
    ("written", "typed", "offered"),
    [
        ({"action": "preset"}, "tr", ["translator"]),
        ({"action": "preset", "for": "channel"}, "tr", ["translator"]),
        ({"action": "preset"}, "", list(ours())),
        ({"action": "set"}, "tr", []),
        ({}, "tr", []),
    ],
)
async def test_presets_are_offered_where_one_is_to_be_named(
    inbox: Inbox, written: dict[str, str], typed: str, offered: list[str]
) -> None:
    tree: app_commands.CommandTree[discord.Client] = app_commands.CommandTree(
        discord.Client(intents=discord.Intents(guilds=True))
    )
    add_commands(tree, inbox, nothing_is_asked)
    choices = await option(tree, "system", "text").autocomplete(asking(**written), typed)
    assert [choice.value for choice in choices] == offered
