"""What somebody asked for that cannot be done as it was given. Nothing was changed then.

CommandRefused
├── ValueWrong         the value is none; says what would be right
├── BudgetsWrong       one sentence for each rule that is none
├── NotAllowed         it is for others to do
│   ├── NotAllowedHere
│   └── OperatorsOnly
└── AdminUnknown       the platform could not be asked whether somebody is an admin
"""

from collections.abc import Sequence

from core.errors import ChatError
from core.texts import Language, Text


class CommandRefused(ChatError):
    """Nothing was changed. Told to whoever gave the command, and to nobody else."""


class ValueWrong(CommandRefused):
    """``why`` is the sentence, with its values."""

    def __init__(self, why: Text, **values: object) -> None:
        super().__init__(why.en, **values)
        self.text = why


class BudgetsWrong(CommandRefused):
    """``wrong`` has a sentence for each rule that is none."""

    def __init__(self, wrong: Sequence[ValueWrong]) -> None:
        super().__init__("; ".join(each.notice("en") for each in wrong))
        self.wrong = tuple(wrong)

    def notice(self, language: Language) -> str:
        return "\n".join(each.notice(language) for each in self.wrong)


class NotAllowed(CommandRefused):
    text = Text(
        "Only admins of this workspace may change that here. Nothing was changed.",
        "只有工作区管理员可以在这里更改此项。未作更改。",
    )


class NotAllowedHere(NotAllowed):
    """Everybody may do it for themselves."""

    text = Text(
        "Only admins of this workspace may change that here. For themselves anyone may, with `me` in the command. "
        "Nothing was changed.",
        "只有工作区管理员可以在这里更改此项。在命令中加上 `me`（我），即可只为自己更改。未作更改。",
    )


class OperatorsOnly(NotAllowed):
    text = Text(
        "Only those whom the operator has named in `ADMINS` may do that. Nothing was changed.",
        "只有运维人员在 `ADMINS` 中指定的人可以执行此操作。未作更改。",
    )


class AdminUnknown(CommandRefused):
    text = Text(
        "I could not find out whether you are an admin here, so nothing was changed. Please try again.",
        "暂时无法确认您是否为管理员，未作更改，请稍后再试。",
    )
