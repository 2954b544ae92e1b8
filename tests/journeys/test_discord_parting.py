"""The program ends while Discord's gateway is being connected again."""

import asyncio
from contextlib import AsyncExitStack
from time import monotonic

import pytest

from tests.core.store.talk import until
from tests.doubles.discord.faults import Delay
from tests.doubles.discord.gateway import Disconnect
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import DiscordStage

_HANDSHAKE_S = 30.0
_PATIENCE_S = 4.0


@pytest.mark.parametrize("kind", ["invalid", "reconnect"])
async def test_an_end_does_not_wait_for_a_gateway_that_is_being_connected_again(
    redis_url: str, discord: DiscordStage, drun: DrunDouble, kind: Disconnect
) -> None:
    double = discord.discord
    async with AsyncExitStack() as program:
        await program.enter_async_context(running(redis_url, drun, discord))
        double.fail(Delay(_HANDSHAKE_S), method="WS")
        await double.disconnect(kind)
        await until(lambda: not double.faults.waiting)
        told = monotonic()
        # Only a way out: who swallows a cancellation once swallows this one, too.
        async with asyncio.timeout(2 * _PATIENCE_S):
            await program.aclose()
        assert monotonic() - told < _PATIENCE_S
