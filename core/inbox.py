"""What a platform gets from the core: where to hand in what people wrote, and what to ask."""

from dataclasses import dataclass, replace

from core.commands import Desk, parse_command
from core.conversation import UserMessage
from core.store.claims import Accepted, Kind
from core.store.journal import Journals
from core.texts import LanguageChoice


@dataclass(frozen=True, slots=True)
class Inbox:
    """One for all platforms: messages become turns, commands are run at ``desk`` at once."""

    desk: Desk
    journals: Journals
    """For a platform that has to keep its own messages, as the page does."""
    language: LanguageChoice = "auto"

    async def accept(self, message: UserMessage) -> Accepted:
        """Makes ``message`` a turn, once however often it comes. Raises StoreUnavailable: then it is not accepted.

        Only after this may a platform be told that its event has arrived.
        """
        # JSON can carry half of a surrogate pair, and neither Redis nor a model can be sent one.
        sound = message.text.encode("utf-8", "replace").decode()
        command = parse_command(message.text)
        kind = Kind.STOP if command == ("stop", "") else Kind.COMMAND if command else Kind.MESSAGE
        return await self.desk.turns.accept(replace(message, text=sound), kind)
