"""A record of a conversation as a text: JSON with all of it, or Markdown for people."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from core.store.records import Record
from core.texts import Language, Text


def seen_by(author: str, record: Record) -> Record:
    """``record`` as ``author`` may see it: what others think of an answer they told the bot alone, so it is counted.

    Why a turn was given up is for operators: an error's text may hold addresses, and whatever a library writes into it.
    """
    given_up = [{name: each[name] for name in each if name != "reason"} for each in record.given_up]
    return replace(record, turns=[_seen_by(author, turn) for turn in record.turns], given_up=given_up)


def as_json(record: Record, settings: Mapping[str, Mapping[str, str]]) -> str:
    """Everything; ``settings`` are those that hold there, by level."""
    said = {
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings_by_level": settings,
        **msgspec.to_builtins(record),
    }
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode()


def as_markdown(record: Record, settings: Mapping[str, Mapping[str, str]], language: Language) -> str:
    """The transcript, and what else people understand; ``as_json`` has also what they do not."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    parts = [f"# {_TITLE.say(language, where=record.conversation)}\n\n{now}"]
    parts += [_turn(turn, language) for turn in record.turns] or [_NOTHING.say(language)]
    for name, lines in (
        (_WAITING, [_line(each) for each in record.waiting]),
        (_GIVEN_UP, [_given_up(each) for each in record.given_up]),
        (_SUMMARY, [_told(each.get("said")) for each in record.summaries.values()]),
        (_THOUGHTS, [_told(each) for each in record.thoughts.values()]),
        (_SETTINGS, list(_settings(settings))),
        (_AUDIT, [line for notes in record.audit.values() for line in map(_note, notes)]),
    ):
        if lines:
            parts.append(f"## {name.say(language)}\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _seen_by(author: str, turn: dict[str, Any]) -> dict[str, Any]:
    opinions = turn.get("feedback") or ()
    own = [each for each in opinions if author and each.get("author") == author]
    others = Counter(str(each.get("verdict")) for each in opinions if each not in own)
    return {**turn, "feedback": own, **({_OTHERS: dict(others)} if others else {})} if opinions else turn


def _turn(turn: Mapping[str, Any], language: Language) -> str:
    who = turn.get("name") or turn.get("author") or "?"
    at = turn.get("at")
    when = f" · {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC" if at else ""
    thread = f" · {_THREAD.say(language, name=turn['thread'])}" if turn.get("thread") else ""
    lines = [f"## {turn['sequence']} · {who}{when}{thread}", str(turn.get("text", ""))]
    for remark in turn.get("before") or ():
        lines.insert(1, f"> {remark.get('name') or remark.get('author')}: {remark.get('text')}")
    lines += [_reply(version, language, _EARLIER) for version in turn.get("versions") or ()]
    lines.append(_reply(turn, language, _ANSWER))
    lines += [_opinion(each) for each in turn.get("feedback") or ()]
    if others := turn.get(_OTHERS):
        counts = ", ".join(f"{verdict} {count}" for verdict, count in sorted(others.items()))
        lines.append(f"- {_OF_OTHERS.say(language)}: {counts}")
    return "\n\n".join(line for line in lines if line)


def _reply(said: Mapping[str, Any], language: Language, head: Text) -> str:
    if not said.get("reply"):
        return _UNANSWERED.say(language)
    known = [str(said.get("model") or "?")]
    if usage := said.get("usage"):
        known.append(_TOKENS.say(language, sent=usage["prompt_tokens"], written=usage["completion_tokens"]))
    if not said.get("complete", True):
        known.append(_CUT.say(language))
    return f"### {head.say(language)} ({', '.join(known)})\n\n{said['reply']}"


def _opinion(feedback: Mapping[str, Any]) -> str:
    return f"- {feedback.get('author')}: {feedback.get('verdict')} {feedback.get('reason', '')}".rstrip()


def _line(waiting: Mapping[str, Any]) -> str:
    return f"- {waiting.get('author', '?')}: {waiting.get('text', '')}"


def _given_up(parked: Mapping[str, Any]) -> str:
    said = " ".join(str(each.get("text", "")) for each in parked["messages"] if isinstance(each, Mapping))
    return ": ".join(part for part in (f"- {parked['at']}", parked.get("reason"), said) if part)


def _told(said: Any) -> str:
    return str(said.get("text", "")) if isinstance(said, Mapping) else str(said or "")


def _settings(settings: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for level, chosen in settings.items():
        yield from (f"- {name} ({level}): {value}" for name, value in chosen.items())


def _note(note: Any) -> str:
    if not isinstance(note, Mapping):
        return f"- {note}"
    return (
        f"- {note.get('at')} · {note.get('author') or '?'} · {note.get('name')} → {note.get('value') or '-'}"
    )


_OTHERS = "feedback_of_others"
"""How many others think so, by verdict."""

_OF_OTHERS = Text("others", "其他人")
_TITLE = Text("What is kept of {where}", "{where} 的存储内容")
_NOTHING = Text("Nothing that was said is kept.", "没有保存任何对话。")
_THREAD = Text("thread {name}", "话题 {name}")
_ANSWER = Text("Answer", "回答")
_EARLIER = Text("Earlier answer", "之前的回答")
_UNANSWERED = Text("*No answer is kept.*", "*没有保存回答。*")
_TOKENS = Text("{sent} tokens read, {written} written", "读取 {sent} token，生成 {written} token")
_CUT = Text("incomplete", "不完整")
_WAITING = Text("Waiting to be answered", "等待回答")
_GIVEN_UP = Text("Given up", "已放弃")
_SUMMARY = Text("Summary", "摘要")
_THOUGHTS = Text("Thoughts before the last answer", "最近一次回答前的思考过程")
_SETTINGS = Text("Settings", "设置")
_AUDIT = Text("Who changed which setting", "设置更改记录")
