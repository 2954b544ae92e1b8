"""Cutting, whatever the text: nothing is lost, everything fits, and code stays code."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.splitting import closed, cut, split
from tests.core.messages import Size, cuts, doubled_mentions, heads

ADDED = re.compile(r"(?:\n? *(?:`{3,}|~{3,}))?")
WORD = re.compile(r"[pc]\d+")


def utf8(text: str) -> int:
    return len(text.encode())


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def twice(text: str) -> int:
    return 2 * len(text)


def fivefold(text: str) -> int:
    return 5 * len(text)


SIZES: list[Size] = [len, doubled_mentions, utf8, utf16, twice]
sizes = st.sampled_from(SIZES)
limits = st.integers(300, 500)

FRAGMENTS = (
    *(
        "```py\n",
        "```\n",
        "\n```",
        "~~~\n",
        "````\n",
        "`",
        "```",
        "~~~~",
        "  ```\n",
        "- ```sh\n",
        "    ```\n",
    ),
    *("``` not a fence ```", "```" + "i" * 50 + "\n", "~~~ " + "long info " * 30 + "\n", "`" * 40),
    *(
        "word ",
        "a sentence. ",
        "\n",
        "\n\n",
        "\n\n\n\n",
        "    ",
        "\t",
        "@@@@@@@@",
        "@" * 200,
        "x" * 90,
        "y" * 700,
    ),
    *(
        "中文没有空格的一句话。",
        "标点，",
        "！",
        "👨‍👩‍👧‍👦",
        "👍🏽",
        "e\u0301",
        "🇩🇪🇫🇷",
        "> quoted\n",
        "1. one\n",
        "\u200d",
        "\u0301",
    ),
)
anything = st.lists(st.sampled_from(FRAGMENTS), min_size=10, max_size=80).map("".join)


@given(anything, limits, sizes)
@example("```" + "i" * 30 + "\n" + "x" * 300, 300, fivefold)
@example("```" + "@" * 600 + "\ncode\n```", 300, doubled_mentions)
def test_every_message_fits_and_there_is_always_progress(text: str, limit: int, size: Size) -> None:
    for head in heads(text, limit, size):
        assert size(closed(head.rstrip())) <= limit


@given(anything, limits, sizes)
def test_nothing_is_lost_but_line_breaks_at_the_cuts(text: str, limit: int, size: Size) -> None:
    for before, made in cuts(text, limit, size):
        kept = [
            at
            for at in range(made.at + 1)
            if made.head.startswith(before[:at])
            and ADDED.fullmatch(made.head[at:])
            and not before[at : made.at].strip()
        ]
        assert kept, "what the head shows is not what the text said"
        # Blanks may go with a closing line only; elsewhere they could be indentation.
        assert not before[kept[-1] : made.at].strip("\n") or before[: kept[-1]].endswith(("```", "~~~"))
        assert re.fullmatch(r"(?: *(?:`{3,}|~{3,})[^\n]*\n)?", made.opening)


@given(anything, limits)
def test_a_text_that_fits_is_left_alone(text: str, limit: int) -> None:
    assume(len(text.rstrip()) <= limit - 40)

    assert split(text, limit) == (text, "")


@given(anything, st.lists(st.integers(1, 400)), limits, sizes)
@example("x" * 245 + "\n\n" + "y" * 300, [247], 300, len)
def test_the_pieces_a_reply_came_in_do_not_decide_where_it_is_cut(
    text: str, pieces: Sequence[int], limit: int, size: Size
) -> None:
    sealed = []
    part, at = "", 0
    for piece in [*pieces, len(text)]:
        part, at = part + text[at : at + piece], at + piece
        while (made := cut(part, limit, size)) is not None:
            sealed.append(made.head)
            part = made.opening + part[made.at :]

    assert [*sealed, part] == heads(text, limit, size)


class _Writer:
    """Writes Markdown whose every word says whether it is prose or code."""

    def __init__(self) -> None:
        self.count = 0

    def words(self, kind: str, many: int) -> str:
        self.count += many
        return " ".join(f"{kind}{self.count - many + number}" for number in range(many))

    def block(self, block: tuple[str, str, str, list[int]]) -> str:
        kind, marker, info, lengths = block
        match kind:
            case "prose":
                return "\n\n".join(self.words("p", length + 1) for length in lengths)
            case "list":
                return "\n".join(f"- {self.words('p', length + 1)}" for length in lengths)
        # A fence in a list item stands where the item's text does.
        item, indent = (f"1. {self.words('p', 2)}\n", "   ") if kind == "code in a list" else ("", "")
        inner = marker[:3] + "\n" if len(marker) > 3 else "~~~ \n" if marker[0] == "`" else "```\n"
        lines = [
            inner.strip() if length == 7 else f"    {self.words('c', length)}" if length else ""
            for length in lengths
        ]
        lines.insert(lengths[-1] % (len(lines) + 1), self.words("c", 1))
        body = "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
        return f"{item}{indent}{marker}{info}\n{body}{indent}{marker}"


blocks = st.tuples(
    st.sampled_from(["prose", "list", "code", "code", "code in a list"]),
    st.sampled_from(["```", "~~~", "````", "`````"]),
    st.sampled_from(["", "python", " yaml", "c++ title=main.cc", "json " + "of a long kind " * 6]),
    st.lists(st.integers(0, 60), min_size=1, max_size=12),
)


@given(st.lists(blocks, min_size=1, max_size=12), limits, st.sampled_from([len, doubled_mentions, utf8]))
def test_code_stays_code_and_prose_stays_prose_in_every_message(
    parts: list[tuple[str, str, str, list[int]]], limit: int, size: Size
) -> None:
    writer = _Writer()
    text = "\n\n".join(writer.block(part) for part in parts)

    found: list[str] = []
    for head in heads(text, limit, size):
        for token in MarkdownIt().parse(f"{head}\n\nafter"):
            words = WORD.findall(token.content) if token.type in {"fence", "inline"} else []
            kind = "c" if token.type == "fence" else "p"
            assert all(word[0] == kind for word in words), f"{token.type}: {words}"
            if token.type == "fence":
                assert token.content.strip(), "an empty code block is shown"
            assert token.type != "code_block"
            assert token.type == "inline" or "after" not in token.content, "a fence is left open"
            found += words

    assert found == WORD.findall(text)


CLUSTERS = ("👨‍👩‍👧‍👦", "👍🏽", "e\u0301", "a\u0308\u0323", "🇩🇪", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "❤️", "1️⃣", "नि", "ก็", "🧑🏿‍🚀", "中", "x", " ", " \u0301", "。", ", ", "\n")  # fmt: skip


@given(st.lists(st.sampled_from(CLUSTERS), min_size=100, max_size=400), limits)
@example(["🇩🇪"] * 400, 301)
@example([" \u0301"] * 200, 300)
@example([" \u0301"] * 200, 301)
def test_what_is_seen_as_one_character_is_never_cut(clusters: list[str], limit: int) -> None:
    borders = {0}
    for cluster in clusters:
        borders.add(max(borders) + len(cluster))

    begin = 0
    for _, made in cuts("".join(clusters), limit):
        begin += made.at
        assert begin in borders


def test_a_character_longer_than_a_message_is_cut_like_any_text() -> None:
    text = "a" + "\u0301" * 3000

    found = heads(text, 300)

    assert "".join(found) == text
    assert len(found) < 20


class _Meter:
    def __init__(self) -> None:
        self.measured = 0

    def __call__(self, text: str) -> int:
        self.measured += len(text)
        return doubled_mentions(text)


@pytest.mark.parametrize("kilobytes", [50, 200])
def test_the_cost_of_cutting_grows_with_the_reply_and_not_with_its_square(kilobytes: int) -> None:
    text = ("Some words with an @ed, and code:\n```py\nx = 1\n```\n" * 20 * kilobytes)[: 1000 * kilobytes]
    at_once, growing = _Meter(), _Meter()

    assert len(heads(text, 2000, at_once)) >= kilobytes // 2
    part, piece = "", 100
    for at in range(0, len(text), piece):
        part += text[at : at + piece]
        while (made := cut(part, 2000, growing)) is not None:
            part = made.opening + part[made.at :]

    assert at_once.measured < 25 * len(text)
    assert growing.measured < 25 * len(text) + len(text) // piece * 2000
