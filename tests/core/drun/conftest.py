from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.core.drun.table import TWIN
from tests.doubles.drun.server import DrunDouble


@pytest.fixture
async def drun() -> AsyncGenerator[DrunDouble, None]:
    async with DrunDouble(key="sk-x1VDTAFB7-_secret") as double:
        yield double


@pytest.fixture
async def http(drun: DrunDouble) -> AsyncGenerator[httpx.AsyncClient, None]:
    """With the right key, and no idea of what a stream is."""
    headers = {"Authorization": f"Bearer {drun.key}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def both(drun: DrunDouble) -> DrunDouble:
    """The same model in both deployments, as ``table`` knows them."""
    drun.maas.models.append(TWIN)
    return drun
