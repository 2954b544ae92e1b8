import pytest

from core.store.connection import Connections
from core.store.turns import Turns
from tests.core.store.talk import turns_of


@pytest.fixture
def turns(connections: Connections) -> Turns:
    return turns_of(connections)
