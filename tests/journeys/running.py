"""The whole program in this process, on doubles: every object is the real one."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from bots.configuration import configure
from bots.run import Serving, serving
from tests.doubles.drun.server import DrunDouble
from tests.journeys.stages import Stage

KEY = "sk-journey-key-0123456789"


def environment_of(redis_url: str, drun: DrunDouble, *stages: Stage) -> dict[str, str]:
    """What the program is told on ``stages``."""
    environment = {
        "REDIS_URL": redis_url,
        "DRUN_BASE_URL": drun.maas_url,
        "DRUN_SERVICE_BASE_URL": drun.service_url,
        "DRUN_API_KEY": KEY,
        "DRUN_DEFAULT_MODEL": "public/deepseek-v3",
        "WEB_PORT": "0",
        "DRAIN_S": "5",
    }
    for stage in stages:
        environment |= stage.settings
    return environment


@asynccontextmanager
async def running(
    redis_url: str, drun: DrunDouble, *stages: Stage, settings: Mapping[str, str] | None = None
) -> AsyncGenerator[Serving, None]:
    """The program on ``stages``, until the block ends."""
    names = [stage.name for stage in stages]
    environment = environment_of(redis_url, drun, *stages) | dict(settings or {})
    async with serving(configure([*names, "worker"], environment)) as up:
        for stage in stages:
            await stage.join(up)
        yield up
