"""Messages that nobody wrote to the bot: which of them it answers, where a channel has chosen that."""

from collections.abc import Callable
from time import monotonic

from core.conversation import Channel, SaidTo, UserMessage
from core.store.channels import Channels
from core.store.preferences import Preferences

MENTION, THREADS, ALL = "mention", "threads", "all"
"""The values of the setting ``replies``."""

BELIEVED_S = 10.0
"""How long another process may take to hear of a change. Asked for each message, it would be a call for all that is
said in every channel the bot is in."""
_KNOWN = 10_000


class Overheard:
    """One for all platforms of a process."""

    def __init__(
        self, preferences: Preferences, channels: Channels, now: Callable[[], float] = monotonic
    ) -> None:
        self._preferences = preferences
        self._channels = channels
        self._now = now
        self._modes: dict[Channel, tuple[str, float]] = {}

    async def answered(self, message: UserMessage) -> bool:
        """Whether ``message`` is for the bot: written to it, or what its channel wants answered all the same.

        Raises StoreUnavailable when that is not known now.
        """
        if message.said_to is SaidTo.BOT:
            return True
        if not message.text.strip() and not message.attachments:
            return False
        channel = message.conversation.channel
        mode = self._known(channel) or await self._ask(channel)
        if mode == THREADS and message.said_to is SaidTo.THREAD:
            return await self._channels.takes_part(message.conversation)
        return mode == ALL

    def surely_not(self, message: UserMessage) -> bool:
        """Nobody need ask: ``message`` is none for the bot, as far as was known a moment ago."""
        return message.said_to is not SaidTo.BOT and self._known(message.conversation.channel) == MENTION

    def _known(self, channel: Channel) -> str:
        mode, until = self._modes.get(channel, ("", 0.0))
        return mode if self._now() < until else ""

    async def _ask(self, channel: Channel) -> str:
        mode = await self._preferences.of_channel(channel, "replies") or MENTION
        if len(self._modes) >= _KNOWN:
            self._modes.clear()
        self._modes[channel] = (mode, self._now() + BELIEVED_S)
        return mode
