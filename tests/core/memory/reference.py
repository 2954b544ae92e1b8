"""What a model must be sent, in the plainest Python: lists of what was said, and nothing kept beside them."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.conversation import Channel, Conversation, Message, UserMessage
from core.estimate import MESSAGE, REQUEST, UNKNOWN, raw_cost, raw_tokens
from core.people import Remark
from core.window import BEFORE, EARLIER, SEVERAL


@dataclass
class Said:
    """A message to the bot, as it reads now; empty: it is deleted."""

    message: UserMessage
    sequence: int
    text: str

    @property
    def id(self) -> str:
        return self.message.message_id


@dataclass
class Happened:
    """A turn."""

    sequence: int
    parts: list[Said]
    reply: str = ""
    answer: str = ""
    before: list[Remark] = field(default_factory=list)

    @property
    def left(self) -> list[Said]:
        return [part for part in self.parts if part.text]

    @property
    def text(self) -> str:
        return "\n\n".join(part.text for part in self.left)


class Reference:
    def __init__(self, names: dict[str, str], remarks: dict[Conversation, list[Remark]]) -> None:
        self.names = names
        self.remarks = remarks
        """What was said in threads that people opened."""
        self.sequence: dict[Channel, int] = defaultdict(int)
        self.queue: dict[Conversation, list[Said]] = defaultdict(list)
        self.running: dict[Conversation, Happened] = {}
        self.history: dict[Channel | Conversation, list[Happened]] = defaultdict(list)
        self.roots: dict[Conversation, int] = {}
        self.floors: dict[Conversation, int] = {}
        self.marks: dict[Channel | Conversation, int] = defaultdict(int)
        self.pins: set[str] = set()

    def say(self, message: UserMessage) -> None:
        where = message.conversation
        self.sequence[where.channel] += 1
        sequence = self.sequence[where.channel]
        if where.thread is not None and where not in self.roots:
            self.roots[where], self.floors[where] = sequence, self.marks[where.channel]
        self.queue[where].append(Said(message, sequence, message.text))

    def begin(self, where: Conversation, *, together: bool) -> Happened:
        count = len(self.queue[where]) if together else 1
        taken, self.queue[where] = self.queue[where][:count], self.queue[where][count:]
        turn = Happened(taken[0].sequence, taken, before=self._before(where))
        self.running[where] = turn
        return turn

    def _before(self, where: Conversation) -> list[Remark]:
        if self.marks[where] or any(turn.sequence > self.marks[where] for turn in self.history[where]):
            return []
        return list(self.remarks.get(where, []))

    def end(self, where: Conversation, reply: str, answer: str) -> None:
        turn = self.running.pop(where)
        turn.reply, turn.answer = reply, answer
        opens = turn.parts[0].message.opens_thread
        owner = where.channel if where.thread is None or opens else where
        if turn.left:
            self.history[owner].append(turn)

    def reset(self, where: Conversation) -> None:
        self.marks[where.channel if where.thread is None else where] = self.sequence[where.channel]

    def edit(self, message_id: str, text: str) -> None:
        for part in self._parts():
            if part.id == message_id and part.text:
                part.text = text

    def delete(self, message_id: str) -> None:
        self.pins.discard(message_id)
        for part in self._parts():
            if part.id == message_id:
                part.text = ""
        for where, queue in self.queue.items():
            self.queue[where] = [said for said in queue if said.text]
        for owner, turns in self.history.items():
            for turn in turns:
                turn.reply = "" if turn.answer == message_id else turn.reply
                turn.before = [remark for remark in turn.before if remark.message_id != message_id]
            self.history[owner] = [turn for turn in turns if turn.left]

    def _parts(self) -> list[Said]:
        turns = [turn for turns in self.history.values() for turn in turns] + list(self.running.values())
        waiting = [said for queue in self.queue.values() for said in queue]
        return [*(part for turn in turns for part in turn.parts), *waiting]

    def read(self, where: Conversation, sequence: int) -> list[Happened]:
        """All that is read for the question with that ``sequence``, the oldest first."""
        floor, own = self.marks[where.channel], list[Happened]()
        upto = sequence
        if where.thread is not None:
            floor, upto = max(self.floors[where], self.marks[where]), self.roots[where]
            own = [turn for turn in self.history[where] if turn.sequence > self.marks[where]]
        shared = [turn for turn in self.history[where.channel] if floor < turn.sequence <= upto]
        return sorted(shared + own, key=lambda turn: turn.sequence)

    def window(
        self, where: Conversation, asked: Happened, system: str, summary: str, limit: int
    ) -> list[Message] | None:
        """As few words as the rules have: what fits of the pinned turns, then the newest, with names if several speak.

        None: the question does not fit.
        """
        turns, question = self.read(where, asked.sequence), asked.text
        room = UNKNOWN.room(limit - limit // 4) - REQUEST - raw_cost(system) - raw_cost(question)
        if room < 0:
            return None
        share = room // 4
        block = self._block(asked.before, share)
        room -= raw_cost(block)
        told = f"{EARLIER}{summary}" if summary else ""
        room -= raw_cost(told)
        kept = self._kept(turns, room, share, named=False)
        people = {part.message.author for turn in (*kept, asked) for part in turn.left}
        people |= {each.author for turn in (*kept, asked) for each in turn.before if not each.mine}
        cost = raw_tokens(f"\n\n{SEVERAL}") + MESSAGE + self._names_cost(asked)
        named = len(people) > 1 and cost <= room
        if named:
            kept = self._kept(turns, room - cost, share, named=True)
        messages = [Message("system", f"{system}\n\n{SEVERAL}" if named else system)]
        messages += [Message("user", told)] if told else []
        for turn in kept:
            before = self._block(turn.before, share)
            messages += [Message("user", before)] if before else []
            messages.append(Message("user", self._written(turn, named=named)))
            messages += [Message("assistant", turn.reply)] if turn.reply else []
        messages += [Message("user", block)] if block else []
        return [*messages, Message("user", self._written(asked, named=named))]

    def _kept(self, turns: Sequence[Happened], room: int, share: int, *, named: bool) -> list[Happened]:
        costs = {turn.sequence: self._cost(turn, share, named=named) for turn in turns}
        kept: set[int] = set()
        pins = min(share, room)
        for turn in reversed(turns):
            if self.pinned(turn) and costs[turn.sequence] <= pins:
                kept.add(turn.sequence)
                pins, room = pins - costs[turn.sequence], room - costs[turn.sequence]
        for turn in reversed(turns):
            if turn.sequence not in kept:
                room -= costs[turn.sequence]
                if room < 0:
                    break
                kept.add(turn.sequence)
        return [turn for turn in turns if turn.sequence in kept]

    def pinned(self, turn: Happened) -> bool:
        return not self.pins.isdisjoint({turn.answer, *(part.id for part in turn.left)})

    def _cost(self, turn: Happened, share: int, *, named: bool) -> int:
        cost = raw_cost(turn.text) + raw_cost(turn.reply) + raw_cost(self._block(turn.before, share))
        return cost + self._names_cost(turn) if named else cost

    def _speakers(self, turn: Happened) -> list[str]:
        """One where only one person was answered, however many messages; else one for each message."""
        alone = len({part.message.author for part in turn.parts}) == 1
        return [part.message.author for part in (turn.left[:1] if alone else turn.left)]

    def _names_cost(self, turn: Happened) -> int:
        names = sum(raw_tokens(f"{self.names[author]}: ") + 1 for author in self._speakers(turn))
        return names + raw_tokens("  " * len(re.findall(r"\n+", turn.text)))

    def _written(self, turn: Happened, *, named: bool) -> str:
        if not named:
            return turn.text
        if len({part.message.author for part in turn.parts}) == 1:
            return f"{self.names[turn.left[0].message.author]}: {_indented(turn.text)}"
        return "\n\n".join(f"{self.names[part.message.author]}: {_indented(part.text)}" for part in turn.left)

    def _block(self, remarks: Sequence[Remark], share: int) -> str:
        lines = [f"{'You' if each.mine else each.name}: {_indented(each.text)}" for each in remarks]
        while lines and sum(raw_tokens(f"{line}\n") for line in lines) > share - raw_tokens(BEFORE) - MESSAGE:
            del lines[0]
        return BEFORE + "\n".join(lines) if lines else ""


def _indented(text: str) -> str:
    return re.sub(r"(\n+)", r"\1  ", text)
