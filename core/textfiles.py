"""Text files as part of a question: known by their content, and cut where they are too long."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import IncrementalNewlineDecoder

from core.estimate import raw_tokens

MOST = 400_000
"""Characters of all files of one question. About 100,000 tokens: larger windows than that are rare, and counting so
many takes the loop 20 milliseconds."""
_STEP = 2_000
"""Characters that are counted at a time when a text is cut."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffe\uffff]")
"""What texts hold hardly any of. Form feeds and escapes are none: logs are coloured."""
_FEW = 500
"""One in so many is forgiven."""
# GB18030, and UTF-16 without a mark, have a meaning for nearly any bytes: mostly of rare signs and private ones.
_BEYOND = re.compile(r"[^\x00-\x7f]")
_KNOWN = re.compile(
    r"[\u00a7-\u024f\u0370-\u052f\u2010-\u2642\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]"
)
_MOSTLY = 0.95
_PIECE = 64 * 1024
"""Bytes."""
_SAMPLE = 4_000
"""Bytes by which UTF-16 without a mark is told."""
_TICKS = re.compile(r"`+")


@dataclass(frozen=True, slots=True)
class TextFile:
    name: str
    text: str
    """No more than its first ``MOST`` characters."""
    size: int
    """The characters of all of it."""

    def block(self, characters: int) -> str:
        """The first ``characters`` of it with its name, and how many they are where more was left out."""
        text = self.text[:characters]
        said = f"`{self.name}`:"
        if len(text) < self.size:
            said = (
                f"`{self.name}`, the first {len(text):,} of {self.size:,} characters (the rest was left out):"
            )
        ticks = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
        end = "" if text.endswith("\n") or not text else "\n"
        return f"{said}\n{ticks}\n{text}{end}{ticks}"


def read_text(name: str, data: bytes) -> TextFile | None:
    """The text in ``data``, its lines ended by line feeds; None when it is none.

    UTF-8, UTF-16 and GB18030, told apart by what is in it: names and stated types are often wrong.
    """
    for encoding, surely in _encodings(data):
        try:
            found = _decoded(name, data, encoding, surely=surely)
        except UnicodeError:
            continue
        if found is not None:
            return found
    return None


def _encodings(data: bytes) -> Sequence[tuple[str, bool]]:
    """What it may be written in, and whether reading it so without an error is proof enough."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [("utf-16", True)]
    # Letters that ASCII has are a part of nearly every text: their upper bytes are zero.
    sample = data[:_SAMPLE]
    if b"\0" in sample:
        return [("utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be", False)]
    return [("utf-8-sig", True), ("gb18030", False)]


def _decoded(name: str, data: bytes, encoding: str, *, surely: bool) -> TextFile | None:
    """Piece by piece: one call for all of it would hold up every other thread meanwhile. Raises UnicodeError."""
    decoder = IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    kept: list[str] = []
    size = controls = beyond = known = 0
    for at in range(0, len(data), _PIECE):
        piece = decoder.decode(data[at : at + _PIECE], final=at + _PIECE >= len(data))
        if size < MOST:
            kept.append(piece[: MOST - size])
        size += len(piece)
        controls += len(_CONTROLS.findall(piece))
        if "\0" in piece or controls * _FEW > size + _PIECE:
            return None
        if not surely:
            beyond += len(_BEYOND.findall(piece))
            known += len(_KNOWN.findall(piece))
    if controls * _FEW > size or known < _MOSTLY * beyond:
        return None
    return TextFile(name, "".join(kept), size)


def shares(sizes: Sequence[int], room: int) -> list[int]:
    """How much of each of ``sizes`` is kept so that all fit ``room``: small ones whole, large ones alike."""
    kept = [0] * len(sizes)
    left = max(0, room)
    for done, index in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        kept[index] = min(sizes[index], left // (len(sizes) - done))
        left -= kept[index]
    return kept


def fitting(text: str, tokens: int) -> int:
    """How many of its first characters cost about ``tokens`` (raw, see core.estimate): at a line's end where one is near."""
    at, left = 0, tokens
    while at < len(text):
        piece = text[at : at + _STEP]
        cost = raw_tokens(piece)
        if cost > left:
            at += len(piece) * max(0, left) // cost
            break
        at, left = at + len(piece), left - cost
    if at >= len(text):
        return len(text)
    line = text.rfind("\n", max(0, at - _STEP // 4), at)
    return at if line < 0 else line + 1
