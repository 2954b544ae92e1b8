"""What a command is, how somebody gives one, and what it answers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.attached import Attached
from core.commands.desk import Desk
from core.conversation import Conversation, UserMessage
from core.texts import Language, Text


def slash(command: str) -> str:
    """How a command is written where every one of them is a slash command."""
    return f"/{command}"


@dataclass(frozen=True, slots=True)
class Call:
    """One command as somebody gave it."""

    conversation: Conversation
    name: str
    argument: str
    """All that was written behind the name; where a platform has a field for each argument, these joined in order."""
    language: Language
    turn: str = ""
    """The sequence of the turn that it came as; empty when it came beside the conversation."""
    spell: Callable[[str], str] = slash
    """How a command is written where this one was given."""
    author: str = ""
    """Who gave it, by the platform's id."""
    asked_in: Conversation | None = None
    """Where its turn stands: a thread that it opens itself is not what it is about. None: in ``conversation``."""


@dataclass(frozen=True, slots=True)
class Asks:
    """What a command puts to a model. Whoever ran the command hands it in, as any message that somebody wrote."""

    text: str
    """The question; of one that is asked again, the command that does so."""
    models: tuple[str, ...] = ()
    """Who shall answer: nobody in particular, one, or two side by side."""
    replaces: str = ""
    """The ``turn_id`` of the question that is asked again: it stands where it was asked, so nothing new is shown."""
    where: Conversation | None = None
    """The conversation of that one. None: the answer goes below the question."""
    again: bool = False
    """It asks again, given as a turn: which question, the conversation tells when that turn is answered."""

    def message(self, where: Conversation, message_id: str, author: str) -> UserMessage:
        """As a message of ``author``: the platform's own one that shows the question, or names the moment."""
        models = () if self.replaces else self.models
        return UserMessage(
            self.where or where,
            message_id,
            message_id,
            author,
            self.text,
            opens_thread=self.where is None and where.thread is not None,
            models=models,
            replaces=self.replaces,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says, as Markdown."""

    text: str
    public: bool = False
    """It changed something for all who talk here: everybody should see it."""
    personal: bool = False
    """It holds what is of whoever gave the command: nobody else should see it."""
    attached: Attached | None = None
    """What is too long to be said beside it."""
    asks: Asks | None = None
    """What is asked now. ``text`` is then for whoever gave the command alone, and may be empty."""


Complete = Callable[[Desk, Call], Awaitable[Sequence[str]]]
"""What may be written, best first, where the ``Call`` holds what was written so far."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What may follow a command's name. Never required: a command alone explains itself."""

    name: str
    summary: Text
    complete: Complete | None = None
    choices: tuple[str, ...] = ()
    """All that can be written, where that is known beforehand."""
    in_line: Complete | None = None
    """As ``complete``, where all arguments are written in one line: this one may be left out there, and another meant."""
    left_out: str = ""
    """What stands for it in a line where it was left out and others follow, which would be taken for it."""


ANYONE = Text("anyone", "任何人")


@dataclass(frozen=True, slots=True)
class Command:
    """One of them. Its arguments are written one after the other; only the last one may hold spaces."""

    name: str
    summary: Text
    run: Callable[[Desk, Call], Awaitable[Answer]]
    arguments: tuple[Argument, ...] = ()
    who: Text = ANYONE
    """Who may give it, in words."""

    def line(self, fields: Sequence[str]) -> str:
        """What was written into a field for each argument, as the one line that ``Call`` holds."""
        written = [field.strip() for field in fields]
        while written and not written[-1]:
            written.pop()
        named = zip(written, self.arguments, strict=False)
        return " ".join(each for text, argument in named if (each := text or argument.left_out))
