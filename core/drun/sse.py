"""Server-sent events, as far as a chat stream uses them: bytes in, the data of each event out."""

from core.errors import ReplyCut

LONGEST_LINE = 16 * 1024**2
"""Bytes. A line without an end would fill the memory of all replies' process."""


class EventStream:
    """Feed it bytes as they come, cut anywhere; it returns the data of every event that is complete.

    Understands LF, CRLF and CR line ends, comments, fields without a space after the colon and data of several
    lines; other fields are ignored (HTML living standard, "Server-sent events").
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._held = 0
        self._data: list[bytes] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Raises ReplyCut for a line that does not end."""
        if not chunk:
            return []
        after_cr, self._after_cr = self._after_cr, chunk.endswith(b"\r")
        if after_cr:
            chunk = chunk.removeprefix(b"\n")  # the second half of a CRLF that was cut in two
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in chunk:
            self._hold(chunk)
            return []
        *lines, rest = b"".join([*self._line, chunk]).split(b"\n")
        self._line.clear()
        self._held = 0
        self._hold(rest)
        events: list[bytes] = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
        return events

    def end(self) -> list[bytes]:
        """The last event, where the stream ended without the empty line behind it: not every server writes that."""
        return [*self.feed(b"\n"), *self.feed(b"\n")]

    def _hold(self, part: bytes) -> None:
        self._held += len(part)
        if self._held > LONGEST_LINE:
            raise ReplyCut(f"a line of more than {LONGEST_LINE} bytes")
        if part:
            self._line.append(part)

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
