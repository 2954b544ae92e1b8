"""A desk with models and a platform in memory, and people who give commands at it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.cascade import Level
from core.commands.command import Answer, Call
from core.commands.desk import Desk
from core.commands.running import complete_line
from core.commands.running import run as run_command
from core.conversation import NO_WORKSPACE, Channel, Conversation
from core.drun.catalog import Catalog
from core.people import Person
from core.store.connection import Connections
from core.store.preferences import Changed, Place
from core.texts import Language
from core.words import first_of
from tests.core.desks import desk_of
from tests.core.drun.talk import maas, model_client
from tests.core.scene import FakePlatform
from tests.core.store.talk import ROOM, thread
from tests.doubles.drun.server import DrunDouble

BOTH: tuple[Language, ...] = ("en", "zh")
ADA, ROOT, OPERATOR = "U1", "U2", "U3"
"""Somebody, an admin of the workspace, and who is named in ADMINS."""
THREAD = thread("1")
DIRECT = Conversation(Channel("slack", "T1", "D1"))
NOWHERE = Conversation(Channel("slack", NO_WORKSPACE, "D2"))
"""A direct message that belongs to no workspace."""
MODELS = ("public/deepseek-r1", "public/deepseek-v3", "public/glm4-9b")


@dataclass(slots=True)
class Bureau:
    desk: Desk
    platform: FakePlatform

    async def say(
        self,
        line: str,
        *,
        by: str = ADA,
        where: Conversation = ROOM,
        language: Language = "en",
    ) -> Answer:
        """Somebody gives the command that ``line`` is, as ``model fast me``."""
        name, argument = first_of(line)
        return await run_command(self.desk, Call(where, name, argument, language, author=by))

    async def completed(self, line: str, *, by: str = ADA) -> Sequence[str]:
        name, _, argument = line.partition(" ")
        return list(await complete_line(self.desk, Call(ROOM, name, argument, "en", author=by)))

    async def set_at(self, level: Level, *, by: str = ADA, where: Conversation = THREAD) -> Mapping[str, str]:
        """What is set at ``level``, as ``by`` would find it in ``where``."""
        chosen = await self.desk.preferences.chosen(where, by)
        return chosen.layers.get(level, {})

    async def audit(self, level: Level, *, by: str = ADA, where: Conversation = THREAD) -> list[Changed]:
        return await self.desk.preferences.audit(Place(level, where, by))

    async def everything_set(self) -> list[tuple[str, Mapping[str, str]]]:
        """All settings of all levels in the store."""
        redis = self.desk.preferences._redis
        # redis-py types replies for all protocols and encodings at once; these are texts.
        keys = sorted([str(key) async for key in redis.scan_iter("*settings:*")])
        return [(key, await redis.hgetall(key)) for key in keys]  # type: ignore[misc] # see above


@asynccontextmanager
async def bureau_with(
    connections: Connections,
    *models: str,
    default: str = "public/deepseek-v3",
    aliases: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> AsyncGenerator[Bureau, None]:
    async with DrunDouble(maas_models=models or MODELS) as drun, model_client() as client:
        known = {ADA: Person("Ada", False), ROOT: Person("Root", True), OPERATOR: Person("", False)}
        platform = FakePlatform(people=known)
        desk = desk_of(
            connections,
            Catalog(client, [maas(drun)], default=default, aliases=aliases or {}, runs={}),
            platforms={"slack": platform},
            admins=frozenset({f"slack:{OPERATOR}"}),
            defaults=defaults,
        )
        yield Bureau(desk, platform)
