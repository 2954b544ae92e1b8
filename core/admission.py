"""Who is answered, where, and by which models: the operator's lists.

    slack:T123            a workspace            discord:workspace:123
    slack:T123:C456       a channel in it        discord:123:456
    slack:U789            a person               discord:123, or discord:person:123
    model:public/x        a model                model:public/*: all that begin so

Two words are a person, as in ADMINS, unless the second is a workspace of Slack by its form.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from core.conversation import Channel
from core.texts import Text
from core.wrong import ValueWrong


class Kind(Enum):
    """What an entry names. The values are the words that say so."""

    PERSON = "person"
    PLACE = "workspace"
    """A workspace, or a channel in one."""
    MODEL = "model"


_SLACK_WORKSPACE = re.compile(r"[TE][A-Z0-9]+")
"""Slack: a team's id begins with T, an organisation's with E; those of people begin with U or W."""
_CHANNEL_PARTS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One of a list. ``name`` is ``platform:person``, ``platform:workspace[:channel]`` or a model's id."""

    kind: Kind
    name: str

    @property
    def platform(self) -> str:
        """Empty: a model is nobody's."""
        return "" if self.kind is Kind.MODEL else self.name.partition(":")[0]

    def means(self, names: Iterable[str]) -> bool:
        if self.kind is Kind.MODEL and self.name.endswith("*"):
            return any(name.startswith(self.name[:-1]) for name in names)
        return self.name in names


def parse_entry(text: str) -> Entry:
    """Raises ValueWrong, with what would be right."""
    written = text.strip()
    word, _, rest = written.partition(":")
    if word == Kind.MODEL.value:
        if not rest.strip("*") or "*" in rest[:-1] or any(letter.isspace() for letter in rest):
            raise ValueWrong(_NO_MODEL, entry=_short(written))
        return Entry(Kind.MODEL, rest)
    parts = written.split(":")
    if not re.fullmatch(r"[^\s:*`]+(:[^\s:*`]+){1,2}", written):
        raise ValueWrong(_NO_ENTRY, entry=_short(written))
    if len(parts) == _CHANNEL_PARTS:
        platform, middle, last = parts
        if middle in {Kind.PERSON.value, Kind.PLACE.value}:
            return Entry(Kind(middle), f"{platform}:{last}")
        return Entry(Kind.PLACE, written)
    return Entry(Kind.PLACE if _SLACK_WORKSPACE.fullmatch(parts[1]) else Kind.PERSON, written)


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is on ``blocked`` is refused, whatever else is said of them.

    ``allowed`` speaks of each kind by itself: where it names people, nobody else is answered; where it names
    workspaces or channels, nobody is answered elsewhere; where it names models, no other answers.
    """

    allowed: Sequence[Entry] = field(default=())
    blocked: Sequence[Entry] = field(default=())

    def admits(self, channel: Channel, author: str) -> Text | None:
        """None, or what to say to ``author`` alone: it never tells who is on a list, nor on which."""
        person = (f"{channel.platform}:{author}",)
        return None if self.admits_place(channel) and self._fits(Kind.PERSON, person) else NOT_HERE

    def admits_place(self, channel: Channel) -> bool:
        """Whether anybody at all is answered in ``channel``."""
        return self._fits(Kind.PLACE, (f"{channel.platform}:{channel.workspace}", str(channel)))

    def admits_model(self, model: str) -> Text | None:
        """None, or what to say to whoever wants it; value: ``model``."""
        return None if self._fits(Kind.MODEL, (model,)) else NOT_OFFERED

    def _fits(self, kind: Kind, names: Sequence[str]) -> bool:
        if any(entry.kind is kind and entry.means(names) for entry in self.blocked):
            return False
        wanted = [entry for entry in self.allowed if entry.kind is kind]
        return not wanted or any(entry.means(names) for entry in wanted)


def _short(written: str) -> str:
    return " ".join(written.replace("`", "'").split())[:80]


NOT_HERE = Text(
    "I am sorry, I cannot answer you here. Please ask whoever runs this bot.",
    "抱歉，我无法在这里回答您，请联系本机器人的管理员。",
)
NOT_OFFERED = Text(
    "`{model}` is not offered here. Please choose another model.", "这里不提供 `{model}`，请选择其他模型。"
)
_NO_ENTRY = Text(
    "`{entry}` names nobody; right would be `slack:U789` (a person), `slack:T123` (a workspace), `slack:T123:C456` "
    "(a channel), `discord:123` (a person), `discord:workspace:123`, `discord:123:456` (a channel) or `model:public/*`",
    "`{entry}` 无法识别；正确写法：`slack:U789`（用户）、`slack:T123`（工作区）、`slack:T123:C456`（频道）、"
    "`discord:123`（用户）、`discord:workspace:123`、`discord:123:456`（频道）或 `model:public/*`",
)
_NO_MODEL = Text(
    "`{entry}` names no model; right would be `model:public/deepseek-r1`, or `model:public/*` for all that begin so",
    "`{entry}` 不是有效的模型；正确写法：`model:public/deepseek-r1`，或用 `model:public/*` 表示所有以此开头的模型",
)
