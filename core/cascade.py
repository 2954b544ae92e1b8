"""Settings that hold at several levels: the nearest one that says something counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from core.texts import Language, Text


class Level(Enum):
    """Where a setting was made, nearest first. The values are what people write after a setting."""

    THREAD = "thread"
    CHANNEL = "channel"
    PERSON = "me"
    """Somebody, wherever they write in this workspace, unless the thread or the channel says otherwise."""
    WORKSPACE = "workspace"
    DEPLOYMENT = "everywhere"
    DEFAULT = "default"
    """The operator's variables: nobody changes them in a chat."""

    def said(self, language: Language) -> str:
        return _SAID[self].say(language)


Layers = Mapping[Level, Mapping[str, str]]
"""What was set at each level, by the settings' names."""


@dataclass(frozen=True, slots=True)
class Found:
    """One setting as it counts here."""

    value: str
    level: Level


@dataclass(frozen=True, slots=True)
class Chosen:
    """What counts for one person in one conversation."""

    layers: Layers = field(default_factory=dict)

    def find(self, name: str) -> Found:
        """The value of setting ``name``, and where it comes from; empty and DEFAULT when nobody has set it."""
        for level in Level:
            value = self.layers.get(level, {}).get(name, "")
            if value:
                return Found(value, level)
        return Found("", Level.DEFAULT)

    def __getitem__(self, name: str) -> str:
        return self.find(name).value


_SAID = {
    Level.THREAD: Text("this thread", "本话题"),
    Level.CHANNEL: Text("this channel", "本频道"),
    Level.PERSON: Text("you", "您个人"),
    Level.WORKSPACE: Text("this workspace", "本工作区"),
    Level.DEPLOYMENT: Text("everywhere", "所有工作区"),
    Level.DEFAULT: Text("the default", "默认"),
}
