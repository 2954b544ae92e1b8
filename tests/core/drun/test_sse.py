from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.drun.sse import LONGEST_LINE, EventStream
from core.errors import ReplyCut

LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
PIECES = st.sampled_from([b"data:", b"data: 7", b":", b"\r", b"\n", b"\r\n", b"event", "好".encode()])
STREAMS = st.lists(PIECES, max_size=40).map(b"".join)


def cut(data: bytes, borders: Sequence[int]) -> list[bytes]:
    ends = [*sorted(border % (len(data) + 1) for border in borders), len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def events(*pieces: bytes) -> list[bytes]:
    stream = EventStream()
    return [event for piece in pieces for event in stream.feed(piece)]


@settings(deadline=None)
@given(STREAMS, st.lists(st.integers(0, 200), max_size=20))
@example(b"data: a\r\n\n", [9, 10])
@example(b"data: a\r\n\n", [8, 8, 9, 9])
def test_events_do_not_depend_on_where_the_bytes_are_cut(stream: bytes, borders: list[int]) -> None:
    assert events(*cut(stream, borders)) == events(stream)


@settings(deadline=None)
@given(STREAMS)
def test_events_are_the_same_one_byte_at_a_time(stream: bytes) -> None:
    assert events(*(bytes([byte]) for byte in stream)) == events(stream)


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), max_size=6),
    st.data(),
    st.lists(st.integers(0, 400), max_size=20),
)
def test_every_event_is_found_whatever_ends_its_lines(
    contents: list[str], data: st.DataObject, borders: list[int]
) -> None:
    ends = data.draw(st.lists(LINE_ENDS, min_size=len(contents) * 2, max_size=len(contents) * 2))
    stream = b""
    for index, content in enumerate(contents):
        line_end, blank = ends[2 * index : 2 * index + 2]
        if line_end == b"\r" and blank.startswith(b"\n"):
            blank = b"\r"  # CR and LF in a row are one line end, not two
        stream += b"data: " + content.encode() + line_end + blank
    # CR at the end of one event and LF at the start of the next cannot meet: an event begins with `data`.
    assert events(*cut(stream, borders)) == [content.encode() for content in contents]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b": keep-alive\n\ndata: a\n\n", [b"a"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"event: x\nid: 7\nretry: 1\ndata: a\n\n", [b"a"]),
        (b"data\n\n", [b""]),
        (b"data: a:b\n\n", [b"a:b"]),
        (b"\n\n\n", []),
        (b"datax: a\n\n", []),
    ],
)
def test_a_field_is_read_as_the_living_standard_says(stream: bytes, expected: list[bytes]) -> None:
    assert events(stream) == expected


def test_an_event_without_its_blank_line_is_not_complete() -> None:
    assert events(b"data: a\n\ndata: b\n") == [b"a"]


def test_a_frame_of_a_megabyte_arrives_whole() -> None:
    frame = b"x" * 1_000_000
    stream = b"data: " + frame + b"\n\n"
    assert events(*(stream[start : start + 4096] for start in range(0, len(stream), 4096))) == [frame]


@pytest.mark.parametrize("stream", [b"data: a", b"data: a\n", b"data: a\r", b"data: a\r\n", b"data: a\n\n"])
def test_the_end_of_the_stream_ends_its_last_event(stream: bytes) -> None:
    parser = EventStream()
    assert [*parser.feed(stream), *parser.end()] == [b"a"]


def test_the_end_of_a_stream_that_said_nothing_is_nothing() -> None:
    assert EventStream().end() == []


def test_a_line_that_does_not_end_is_refused() -> None:
    parser, piece = EventStream(), b"x" * 2**20
    for _ in range(LONGEST_LINE // len(piece)):
        parser.feed(piece)
    with pytest.raises(ReplyCut):
        parser.feed(b"x")
