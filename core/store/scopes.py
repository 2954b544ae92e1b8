"""What reaches beyond one channel, in Redis: each scope has a hash slot of its own."""

from dataclasses import dataclass

from core.conversation import Channel


@dataclass(frozen=True, slots=True)
class Scope:
    """A person, a channel, a workspace or the whole deployment, by the name of its slot."""

    name: str

    @classmethod
    def deployment(cls) -> "Scope":
        return cls("deployment")

    @classmethod
    def workspace(cls, channel: Channel) -> "Scope":
        return cls(f"workspace:{channel.platform}:{channel.workspace}")

    @classmethod
    def channel(cls, channel: Channel) -> "Scope":
        return cls(f"channel:{channel}")

    @classmethod
    def person(cls, channel: Channel, author: str) -> "Scope":
        """Somebody as one workspace knows them."""
        return cls(f"person:{channel.platform}:{channel.workspace}:{author}")
