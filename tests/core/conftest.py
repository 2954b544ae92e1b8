from collections.abc import AsyncGenerator

import pytest

from core.store.connection import Connections
from tests.core.scene import Scene, scene
from tests.doubles.drun.server import DrunDouble


@pytest.fixture
async def drun() -> AsyncGenerator[DrunDouble, None]:
    async with DrunDouble() as double:
        yield double


@pytest.fixture
async def stage(connections: Connections, drun: DrunDouble) -> AsyncGenerator[Scene, None]:
    async with scene(connections, drun) as made:
        yield made
