"""The bot's own words, in English and Simplified Chinese."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]
LanguageChoice = Literal["auto", "en", "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence of the bot in both languages; ``{name}`` stands for a value."""

    en: str
    zh: str

    def say(self, language: Language, **values: object) -> str:
        return (self.en if language == "en" else self.zh).format(**values)


def language_of(text: str, choice: LanguageChoice = "auto") -> Language:
    """The language to speak to somebody who wrote ``text``: theirs, unless the operator chose one."""
    if choice != "auto":
        return choice
    return "zh" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en"


THINKING = Text("Thinking…", "思考中……")
STOPPED = Text("Stopped.", "已停止。")
EMPTY_MENTION = Text(
    "I see no text. Ask me something, for example: what does this error mean? `{help}` lists what else I can do.",
    "没有看到文字。请直接提问，例如：这个报错是什么意思？输入 `{help}` 查看更多用法。",
)
NO_TEXT = Text("The model answered with nothing. Please ask again.", "模型没有返回任何内容，请再问一次。")
CUT_BY_LENGTH = Text(
    "The answer reached the model's output limit and ends here.", "回答已达到模型的输出上限，到此为止。"
)
ONLY_REASONING = Text(
    "The model spent its whole output on thinking and did not get to an answer. Ask for a shorter one.",
    "模型把全部输出都用在了思考上，没有给出回答。请缩小问题范围后再试。",
)
FILTERED = Text("The provider stopped this answer.", "该回答被服务商中止。")
GAVE_UP = Text(
    "This question could not be answered in three attempts. Please ask it again.",
    "这个问题尝试了三次都没有成功，请重新提问。",
)
DEMO_MODEL = Text("demo model", "演示模型")
