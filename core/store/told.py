"""Whom the bot has told lately that it does not answer them."""

from core.conversation import Channel
from core.store.connection import Connections, translating
from core.store.keys import PREFIX
from core.store.scopes import Scope


class Told:
    """Raises StoreUnavailable when Redis does not answer."""

    def __init__(self, connections: Connections) -> None:
        self._redis = connections.ask

    @translating
    async def first(self, channel: Channel, author: str, *, within_s: int) -> bool:
        """Whether nobody, in any process, has asked this for ``author`` within the last ``within_s`` seconds.

        A call that is repeated after a lost answer says no: then they are not told.
        """
        scope = Scope.person(channel, author)
        return bool(await self._redis.set(f"{PREFIX}:told:{{{scope.name}}}", "1", nx=True, ex=within_s))
