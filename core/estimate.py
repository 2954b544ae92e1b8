"""About how many tokens a text costs, without a tokenizer, and how that is corrected by what models report.

The first estimate, **raw**, knows scripts and no model. What a model reports of its prompts tells how far raw is off for
it: its **calibration**.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.conversation import Message

MESSAGE = 4
"""Tokens a message costs beside its text: its role and the separators of ChatML and its kin."""
PICTURE = 3_200
"""Tokens a picture of core.pictures costs at most, about: Qwen2.5-VL has one for 28 by 28 pixels. Llama 3.2 looks at
pictures beside its window."""
REQUEST = 3
"""Tokens a request costs beside its messages: its beginning, and the head of the reply."""

# Tokens of one character, measured with the tokenizers of DeepSeek-V4 and Qwen2.5 on d.run's documentation in both
# languages, Python's library and a page of each other script, and set between the two: docs/usage.md.
_WORD = 0.80  # of a run of ASCII letters, where a capital after a small letter begins another, and
_ASCII = {
    b"a": 0.065,  # of each letter in it,
    b"A": 0.065,
    b"a" * 16: 2.0,  # more where it is longer than words are
    b"d": 0.85,  # digits: Qwen makes each a token, DeepSeek three of them
    b"p": 0.56,
    b"n": 0.65,  # line ends and tabs
    b"  ": 0.20,  # indentation
}
_BEYOND = {
    b"l": 1.50,  # a Latin letter with an accent breaks its word in two
    b"c": 0.60,  # Chinese, with its punctuation
    b"k": 0.70,  # kana
    b"h": 0.78,  # hangul
    b"r": 0.40,  # the alphabets of which these models have whole words: Cyrillic, Hebrew, Arabic
    b"y": 1.40,  # arrows, boxes, symbols
    b"s": 0.95,  # half of an emoji or of a rare letter: UTF-16 has two for them
    b"o": 0.75,  # every other script
}


def _table(classes: Iterable[tuple[Iterable[int], bytes]], other: bytes) -> bytes:
    table = bytearray(other * 256)
    for members, letter in classes:
        for member in members:
            table[member] = letter[0]
    return bytes(table)


_ASCII_CLASSES = _table(
    [
        (range(97, 123), b"a"),
        (range(65, 91), b"A"),
        (range(48, 58), b"d"),
        (b" ", b" "),
        (b"\n\r\t", b"n"),
    ],
    b"p",
)
# A script is known by the upper half of its UTF-16 units. Cheap: 100,000 letters take about five milliseconds.
_BLOCKS = _table(
    [
        ((0, 1, 2, 0x1E), b"l"),
        ((0x04, 0x05, 0x06, 0x07), b"r"),
        (range(0x20, 0x2E), b"y"),
        ([*range(0x2E, 0xA0), 0xFF], b"c"),
        ((0x30, 0x31), b"k"),
        ((0x11, *range(0xAC, 0xD8)), b"h"),
        (range(0xD8, 0xE0), b"s"),
    ],
    b"o",
)


_WORDS_ONLY = _table([(b"a", b"a"), (b"A", b"A")], b" ")
_NOT_ASCII = bytes(range(128, 256))


def raw_tokens(text: str) -> int:
    """About how many tokens ``text`` costs a model of which nothing is known."""
    ascii_text = text.encode("utf-8", "surrogatepass").translate(None, _NOT_ASCII)
    classes = ascii_text.translate(_ASCII_CLASSES)
    cost = sum(classes.count(letter) * each for letter, each in _ASCII.items())
    letters = b" " + classes.translate(_WORDS_ONLY)
    cost += _WORD * (letters.count(b" a") + letters.count(b" A") + letters.count(b"aA"))
    if len(ascii_text) < len(text):
        units = text.encode("utf-16-le", "surrogatepass")[1::2].translate(_BLOCKS)
        # ASCII is in the first block, and counted above.
        cost -= len(ascii_text) * _BEYOND[b"l"]
        cost += sum(units.count(letter) * each for letter, each in _BEYOND.items())
    return math.ceil(round(cost, 6))


def raw_cost(text: str) -> int:
    """What a message of ``text`` costs; an empty one is not sent, and costs nothing."""
    return raw_tokens(text) + MESSAGE if text else 0


def raw_prompt(messages: Iterable[Message]) -> int:
    """What a whole prompt costs."""
    return REQUEST + sum(raw_cost(each.content) + PICTURE * len(each.pictures) for each in messages)


LOWEST, HIGHEST = 0.5, 4.0
"""Bounds of a factor. A model outside them counts otherwise than in tokens, or reports nonsense."""
_PRIOR = 0.25
_FULL = 500
"""Raw tokens of a prompt that is believed whole. Of a short one a template's hidden words are half."""
_MEMORY = 4.0
"""So many whole prompts are remembered: a talk that changes its language is followed within a few turns."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of one model: ``factor`` times raw is what it counts, give or take ``spread``."""

    factor: float = 1.0
    spread: float = 0.10
    """How far the estimate was off lately: a share of the truth."""
    weight: float = _PRIOR
    """How much stands behind it, in whole prompts."""

    @property
    def margin(self) -> float:
        """The share that a prompt may turn out larger than estimated."""
        return min(0.5, max(0.05, 1.5 * self.spread))

    def tokens(self, raw: float) -> int:
        return math.ceil(raw * self.factor)

    def room(self, tokens: int) -> int:
        """The raw tokens that surely fit into so many of the model's."""
        return math.floor(tokens / (self.factor * (1 + self.margin)))

    def learned(self, raw: int, reported: int) -> "Calibration":
        """The next one, once a prompt estimated at ``raw`` was reported as ``reported`` tokens.

        A moving average: the first whole prompt moves the factor four fifths of its way, later ones a quarter.
        """
        if raw <= 0 or reported <= 0:
            return self
        found = min(HIGHEST, max(LOWEST, reported / raw))
        off = min(1.0, abs(raw * self.factor - reported) / reported)
        gained = min(1.0, raw / _FULL)
        weight = min(_MEMORY, self.weight + gained)
        share = gained / weight
        return replace(
            self,
            factor=self.factor + (found - self.factor) * share,
            spread=self.spread + (off - self.spread) * min(share, 0.5),
            weight=weight,
        )


UNKNOWN = Calibration()
