"""Server-sent events, as far as a chat stream uses them: bytes in, the data of each event out."""


class EventStream:
    """Feed it bytes as they come, cut anywhere; it returns the data of every event that is complete.

    Understands LF, CRLF and CR line ends, comments, fields without a space after the colon and data of several
    lines; other fields are ignored (HTML living standard, "Server-sent events").
    """

    def __init__(self) -> None:
        self._line = b""
        self._data: list[bytes] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        if not chunk:
            return []
        after_cr, self._after_cr = self._after_cr, chunk.endswith(b"\r")
        if after_cr:
            chunk = chunk.removeprefix(b"\n")  # the second half of a CRLF that was cut in two
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._line = (self._line + chunk).split(b"\n")
        events: list[bytes] = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
        return events

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
