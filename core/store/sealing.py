"""What people said, sealed before it goes to Redis and opened when it comes back.

Sealed are texts: questions, answers, names, thoughts, summaries, instructions. What scripts need stays open: ids, numbers,
the order, and every choice but the instructions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken

from core.errors import StoreUnavailable

_MARK = "\x1dsealed:"
"""Stands before what is sealed. JSON has no such character, and of what people write it is taken out."""
_NAME = 8


class StoreSealed(StoreUnavailable):
    """The store has content that no key here opens."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Without keys everything stays as it is; what others have sealed cannot be read then."""

    keys: Mapping[str, Fernet] = field(default_factory=dict)
    """By name, the newest first: it seals, and all of them open."""

    @classmethod
    def of(cls, keys: Sequence[str]) -> Self:
        """Keys as ``new_key`` writes them, the newest first. Raises ValueError for what is none."""
        return cls({sha256(key.encode()).hexdigest()[:_NAME]: Fernet(key) for key in keys})

    @property
    def newest(self) -> str:
        """The name of the key that seals; empty without keys. It tells nothing of the key."""
        return next(iter(self.keys), "")

    def close(self, text: str) -> str:
        """Sealed with the newest key. Nothing stays nothing."""
        if not text:
            return text
        if not self.keys:
            return text.replace(_MARK, "")
        return f"{_MARK}{self.newest}:{self.keys[self.newest].encrypt(text.encode()).decode()}"

    def open(self, text: str) -> str:
        """The inverse of ``close``. What stands before the sealed part, as a sequence does, stays there.

        What was written without a key is returned as it is. Raises StoreSealed.
        """
        head, mark, sealed = text.partition(_MARK)
        if not mark:
            return text
        name, _, token = sealed.partition(":")
        key = self.keys.get(name)
        if key is None:
            raise StoreSealed(f"content is sealed with the key {name}, which is not in ENCRYPTION_KEYS")
        try:
            return head + key.decrypt(token).decode()
        except InvalidToken as error:
            raise StoreSealed(f"content that is sealed with the key {name} was changed") from error

    def opened(self, reply: Any) -> Any:
        """All texts of a reply, opened."""
        match reply:
            case str():
                return self.open(reply)
            case list():
                return [self.opened(each) for each in reply]
            case dict():
                return {name: self.opened(each) for name, each in reply.items()}
            case _:
                return reply

    def again(self, text: str) -> str:
        """``text`` sealed with the newest key, whatever it was sealed with; what stands before stays open.

        The very same text where it is so already. Raises StoreSealed.
        """
        head, mark, sealed = text.partition(_MARK)
        if not mark or sealed.startswith(f"{self.newest}:"):
            return text
        return head + self.close(self.open(text)[len(head) :])

    def first_time(self, head: str, text: str) -> str:
        """As ``again``, for what may have been written without a key: ``head`` is the part of it that stays open."""
        if _MARK in text:
            return self.again(text)
        return head + self.close(text[len(head) :])


def new_key() -> str:
    return Fernet.generate_key().decode()
