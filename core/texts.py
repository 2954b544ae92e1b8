"""The bot's own words, in English and Simplified Chinese."""

import re
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

    def is_said_by(self, text: str) -> bool:
        """``text`` begins with this sentence, in either language and with whatever values."""
        patterns = (re.sub(r"\\{\w+\\}", ".{1,40}", re.escape(each)) for each in (self.en, self.zh))
        return any(re.match(pattern, text) for pattern in patterns)


def language_of(text: str, choice: LanguageChoice = "auto") -> Language:
    """The language to speak to somebody who wrote ``text``: theirs, unless the operator chose one."""
    if choice != "auto":
        return choice
    return language_in(text) or "en"


def language_in(text: str) -> Language | None:
    """The language that ``text`` is answered in; None where it has no letters, and so tells nothing."""
    if any("\u4e00" <= letter <= "\u9fff" for letter in text):
        return "zh"
    return "en" if any(letter.isalpha() for letter in text) else None


def language_named(locale: str) -> Language | None:
    """The language of the bot's that is nearest to ``locale``, such as ``zh-CN``; None where there is none."""
    if not locale:
        return None
    return "zh" if locale.lower().startswith("zh") else "en"


def brief(text: str, most: int = 40) -> str:
    """``text`` as it may be quoted between backticks: on one line, and short enough to be recognised."""
    shown = " ".join(text.replace("`", "'").split())
    return shown if len(shown) <= most else f"{shown[:most]}…"


THINKING = Text("Thinking…", "思考中……")
THINKING_FOR = Text("Thinking… {seconds} s", "思考中…… {seconds} 秒")
THOUGHT_FOR = Text("Thought for {seconds} s.", "思考了 {seconds} 秒。")
WAS_THOUGHT = Text("What is above was a thought.", "以上是思考过程。")
STOPPED = Text("Stopped.", "已停止。")
EXAMPLES = Text(
    "- What does this error mean: `KeyError: 'id'`?\n"
    "- Translate into Chinese: see you tomorrow.\n"
    "- Write an SQL query for the ten newest orders.",
    "- 这个报错是什么意思：`KeyError: 'id'`？\n- 翻译成英文：明天见。\n- 写一条 SQL，查询最新的十个订单。",
)
EMPTY_MENTION = Text(
    "I see no text. Ask me something, for example:\n\n{examples}\n\n"
    "`{model}` switches the model, `{stop}` stops an answer, `{help}` lists all commands.",
    "没有看到文字。请直接提问，例如：\n\n{examples}\n\n"
    "用 `{model}` 切换模型，用 `{stop}` 停止回答，用 `{help}` 查看全部命令。",
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
ENDED_EARLY = Text("The model ended this answer before it was done.", "模型在回答完成之前结束了输出。")
MAYBE_TWICE = Text(
    "This answer may stand here twice: I was interrupted, and cannot look for what I wrote before.",
    "这条回答可能重复：我中途被打断，且无权查看之前是否已经发出。",
)
GAVE_UP = Text(
    "This question could not be answered in three attempts. Please ask it again.",
    "这个问题尝试了三次都没有成功，请重新提问。",
)
BUSY = Text(
    "⏳ _Busy: this is number {number} in line. The answer will appear here._",
    "⏳ _正忙：这个问题排在第 {number} 位，回答会显示在这里。_",
)
REFUSED = Text(
    "{count} questions are waiting here already, so this one is not taken. "
    "Please ask it again when some are answered.",
    "这里已有 {count} 个问题在等待，因此没有收下这个问题。请等其中一些得到回答后再问一次。",
)
OUTAGE = Text(
    "My memory (Redis) cannot be reached right now. Your message is kept and will be answered as soon as it is back.",
    "暂时无法访问存储（Redis）。您的消息已保留，恢复后会立即回答。",
)
FOOTER = Text("Written by AI: `{model}`.", "由 AI 生成：`{model}`。")
DEMO_MODEL = Text("demo model", "演示模型")
