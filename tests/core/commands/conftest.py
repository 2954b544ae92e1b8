from collections.abc import AsyncGenerator

import pytest

from core.store.connection import Connections
from core.texts import Language
from tests.core.commands.bureau import BOTH, Bureau, bureau_with


@pytest.fixture
async def bureau(connections: Connections) -> AsyncGenerator[Bureau, None]:
    async with bureau_with(connections) as made:
        yield made


@pytest.fixture(params=BOTH)
def language(request: pytest.FixtureRequest) -> Language:
    found: Language = request.param
    return found
