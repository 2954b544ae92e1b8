"""Text files are known by their content, and cut at a line's end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.estimate import raw_tokens
from core.textfiles import MOST, TextFile, fitting, read_text, shares
from tests.pictures import picture

CHINESE = "日志：连接超时，请稍后再试。第 3 次重试失败，端口 8080。\n" * 3
CODE = 'def main() -> None:\n\tprint("héllo, wörld — ✓")\n'
LETTERS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs", "Cn", "Co"]))


def text_of(data: bytes) -> str | None:
    found = read_text("x", data)
    return None if found is None else found.text


@pytest.mark.parametrize("text", [CHINESE, CODE, "a,b\n1,2\n", "x", '{"a": 1}'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_is_read_whatever_it_is_written_in(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_ascii(encoding: str) -> None:
    text = f"2026-11-22 ERROR {CHINESE}"
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["gb18030", "gbk"])
def test_chinese_of_older_programs_is_read(encoding: str) -> None:
    assert text_of(CHINESE.encode(encoding)) == CHINESE


@pytest.mark.parametrize(
    "data",
    [
        picture("PNG"),
        picture("JPEG", (400, 300)),
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(range(256)) * 4,
        b"\x7fELF\x02\x01\x01" + b"\0" * 9 + bytes(range(255, 0, -1)) * 8,
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(128, 256)) * 20,
        bytes([0xAA, 0xA1, 0xAA, 0xA2]) * 50,
        b"\0" * 100,
        bytes(range(1, 32)) * 10,
        "日志".encode("gb18030")[:-1],
        b"\xff\xfe\x00",
    ],
    ids=[
        "png",
        "jpeg",
        "zip",
        "elf",
        "pdf",
        "private signs",
        "zeros",
        "controls",
        "half a letter",
        "half of UTF-16",
    ],
)
def test_what_is_no_text_is_not_read_as_one(data: bytes) -> None:
    assert read_text("notes.txt", data) is None


def test_a_coloured_log_is_a_text() -> None:
    log = "\x1b[31mERROR\x1b[0m it broke\n" * 100
    assert text_of(log.encode()) == log


def test_line_ends_become_line_feeds() -> None:
    assert text_of(b"a\r\nb\rc\n") == "a\nb\nc\n"


@given(LETTERS)
def test_every_text_in_utf_8_is_read_as_it_is(text: str) -> None:
    assert text_of(text.encode()) == text


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text_or_none(data: bytes) -> None:
    text = text_of(data)
    assert text is None or "\0" not in text


def test_a_letter_may_lie_on_the_border_of_two_pieces() -> None:
    text = "x" + "日" * 100_000
    found = read_text("x", text.encode())
    assert found == TextFile("x", text, len(text))


def test_of_a_huge_text_the_beginning_is_kept_and_all_of_it_is_counted() -> None:
    found = read_text("huge.log", b"0123456789abcde\n" * 100_000)
    assert found is not None
    assert (len(found.text), found.size) == (MOST, 1_600_000)
    assert "of 1,600,000 characters" in found.block(MOST)


@given(LETTERS)
def test_the_fence_is_longer_than_any_in_the_file(text: str) -> None:
    text = f"{text}\n````\n{text}"
    head, fence, *inside, end = TextFile("a.md", text, len(text)).block(len(text)).split("\n")
    assert head == "`a.md`:"
    assert fence == end
    assert set(fence) == {"`"}
    assert not any(line.startswith(fence) for line in inside)
    assert "\n".join(inside) == text.removesuffix("\n")


@given(st.lists(st.integers(min_value=0, max_value=1000)), st.integers(min_value=-10, max_value=3000))
def test_shares_fit_and_leave_nothing_over(sizes: list[int], room: int) -> None:
    kept = shares(sizes, room)
    assert all(0 <= share <= size for share, size in zip(kept, sizes, strict=True))
    assert sum(kept) <= max(0, room)
    assert sum(kept) == min(sum(sizes), max(0, room))


@given(st.lists(LETTERS, max_size=200), st.integers(min_value=0, max_value=500))
def test_what_is_cut_costs_no_more_than_it_may(lines: list[str], tokens: int) -> None:
    text = "\n".join(lines)
    at = fitting(text, tokens)
    assert 0 <= at <= len(text)
    # Counted in pieces, of which the last is taken for even: off by less than a line.
    assert raw_tokens(text[:at]) <= 1.3 * tokens + 60


def test_a_text_is_cut_at_a_lines_end() -> None:
    text = "2026-11-22 18:00:00 INFO nothing happened\n" * 1000
    at = fitting(text, 2000)
    assert 1000 < at < len(text)
    assert text[:at].endswith("\n")
