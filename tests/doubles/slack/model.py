import copy
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.doubles.slack import mentions
from tests.doubles.slack.socket_mode import Delivery

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    is_bot: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_primary_owner: bool = False
    real_name: str = ""
    display_name: str = ""
    """Slack: empty until its owner has chosen one."""
    team_id: str = ""
    """Of another workspace, for somebody who is met in a shared channel."""
    deleted: bool = False
    locale: str = "en-US"
    tz: str = "Europe/London"


@dataclass(frozen=True, slots=True)
class Version:
    """A text that readers saw, and since when (time.monotonic, seconds)."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """A message that one person sees and nobody keeps."""

    user: str
    text: str
    thread_ts: str | None
    blocks: tuple[Json, ...]


class StreamState(Enum):
    """Slack's `streaming_state`, and the user's Stop button."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    ERRORED = "errored"
    STOPPED = "stopped"


@dataclass(slots=True)
class Stream:
    """The native stream behind a message."""

    expires: float
    recipient: str | None
    state: StreamState = StreamState.IN_PROGRESS
    mode: str | None = None
    tasks: dict[str, Json] = field(default_factory=dict)
    plan: str = ""
    chunk_blocks: list[Json] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Message:
    """A message as a reader sees it, and everything it has been."""

    ts: str
    channel: str
    author: str
    thread_ts: str | None = None
    text: str = ""
    """What is shown now. Slack shows blocks instead of `text` when there are any."""
    footer: str = ""
    """The text of its context blocks, which is not part of `text`."""
    fallback: str = ""
    """The `text` argument beside blocks: notifications show it, the message does not."""
    markdown: bool = False
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    versions: list[Version] = field(default_factory=list)
    broadcasts: list[str] = field(default_factory=list)
    """Groups that any version of it would notify: channel, here, everyone, group, subteam^S.."""
    mentions: list[str] = field(default_factory=list)
    """Users that any version of it would notify."""
    deleted: bool = False
    edited: Json | None = None
    stream: Stream | None = None
    subtype: str | None = None
    bot_id: str | None = None
    bot_profile: Json | None = None
    client_msg_id: str | None = None
    files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    """How its arrival was told to the app."""

    @property
    def streaming(self) -> bool:
        """A reader still sees it being written.

        Also after the stream expired: Slack leaves such a message unfinished until it is updated.
        """
        return self.stream is not None and self.stream.state in {StreamState.IN_PROGRESS, StreamState.ERRORED}

    def show(self, text: str, sources: list[str], *, linked: bool = False) -> None:
        """Readers see `text` from now on; `sources` are the strings in which mentions are live."""
        self.text = text
        self.versions.append(Version(text, time.monotonic()))
        for source in sources:
            _add(self.broadcasts, mentions.broadcasts(source, linked=linked))
            _add(self.mentions, mentions.users(source))

    def wire(self) -> Json:
        """The message as the Web API and events carry it."""
        body: Json = {
            "type": "message",
            "user": self.author,
            "ts": self.ts,
            "text": self.fallback or self.text,
        }
        optional = {
            "subtype": self.subtype,
            "client_msg_id": self.client_msg_id,
            "bot_id": self.bot_id,
            "bot_profile": self.bot_profile,
            "thread_ts": self.thread_ts,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "files": self.files,
            "metadata": self.metadata,
            "edited": self.edited,
            "streaming_state": self._streaming_state(),
            "reactions": [
                {"name": name, "users": list(who), "count": len(who)} for name, who in self.reactions.items()
            ],
        }
        body.update({name: value for name, value in optional.items() if value})
        return copy.deepcopy(body)

    def _streaming_state(self) -> str | None:
        if self.stream is None:
            return None
        stopped = self.stream.state is StreamState.STOPPED
        return (StreamState.COMPLETED if stopped else self.stream.state).value


def _add(known: list[str], found: list[str]) -> None:
    known.extend(name for name in dict.fromkeys(found) if name not in known)
