"""A conversation as one text, for engines that only continue texts (the legacy ``/v1/completions``)."""

import re
from collections.abc import Mapping, Sequence

from core.conversation import Message, Role

_NAMES: Mapping[Role, str] = {"system": "System:", "user": "User:", "assistant": "Assistant:"}
_ANSWERER = _NAMES["assistant"]
STOPS = tuple(f"\n{name}" for name in _NAMES.values())
"""Where a model begins to speak for somebody else. The engines take four at most (OpenAI's limit)."""
_MARKS = ("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|eot_id|>", "<｜end▁of▁sentence｜>", "</s>")
"""The ends of Qwen's, Llama's, DeepSeek's and older models, which a server may leak when no chat template is at work."""
_ENDS = (*STOPS, *_MARKS)
_LONGEST = max(map(len, _ENDS))
# A line that reads like a role would be taken for one, whoever wrote it.
_ROLE = re.compile(rf"^(?={'|'.join(_NAMES.values())})", re.MULTILINE)


def rendered(messages: Sequence[Message]) -> str:
    """``messages`` as a transcript that the model goes on with. It ends where the answer begins."""
    said = (f"{_NAMES[message.role]} {_ROLE.sub(' ', message.content).strip()}" for message in messages)
    return "\n\n".join([*said, _ANSWERER])


class Continuation:
    """Feed it what a model continues the transcript with, cut anywhere; it returns what belongs to the answer.

    A role's name at the very beginning is the model's repetition of the prompt; a stop text anywhere else is its end,
    whether or not the server cut it. No more is held back than a stop text is long.
    """

    def __init__(self) -> None:
        # The answer stands behind a line break, as far as stop texts are concerned.
        self._held = "\n"
        self._begun = False
        self.over = False
        """A stop text was found: what follows is not the model's answer."""

    def feed(self, text: str) -> str:
        if self.over:
            return ""
        self._held += text
        if not self._begun and not self._begin():
            return ""
        at = min((at for at in map(self._held.find, _ENDS) if at >= 0), default=-1)
        if at >= 0:
            self.over = True
            said, self._held = self._held[:at], ""
            return said
        at = self._tail()
        said, self._held = self._held[:at], self._held[at:]
        return said

    def end(self) -> str:
        """What was held back for nothing."""
        said, self._held = self._held, ""
        return said if self._begun else said.lstrip().removeprefix(_ANSWERER)

    def _begin(self) -> bool:
        """Takes off blanks and the role's name. False: more has to come."""
        text = self._held.lstrip()
        if text.startswith(_ANSWERER):
            text = text.removeprefix(_ANSWERER).lstrip()
        elif _ANSWERER.startswith(text):
            return False
        if not text or any(f"\n{text}" != stop and stop.startswith(f"\n{text}") for stop in STOPS):
            return False
        self._begun = True
        self._held = f"\n{text}" if f"\n{text}".startswith(STOPS) else text
        return True

    def _tail(self) -> int:
        """Where a stop text may begin at the end of what is held."""
        near = max(0, len(self._held) - _LONGEST + 1)
        if self._held.find("\n", near) < 0 and self._held.find("<", near) < 0:
            return len(self._held)  # nearly always
        for at in range(near, len(self._held)):
            if any(end.startswith(self._held[at:]) for end in _ENDS):
                return at
        return len(self._held)
