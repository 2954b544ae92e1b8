"""Which part of the history a model is sent."""

from collections.abc import Sequence

from core.conversation import Message, Turn
from core.errors import QuestionTooLong

_OVERHEAD = 4  # tokens a message costs beside its text (role and separators in ChatML)


def tokens(text: str) -> int:
    """About how many tokens ``text`` costs. No tokenizer of any d.run model is at hand: this errs upwards.

    Latin text runs at about four characters a token in these models, CJK at one or more. Three bytes of UTF-8 are
    assumed, whatever the script. Long numbers may cost more: in some models each digit is a token.
    """
    return (len(text.encode("utf-8", "surrogatepass")) + 2) // 3


def fit(system: str, turns: Sequence[Turn], question: str, *, limit: int) -> list[Message]:
    """The system prompt, the newest turns that fit and the question, within ``limit`` tokens.

    ``turns`` come oldest first. A quarter of the limit is left for the reply.
    Raises QuestionTooLong when the system prompt and the question alone do not fit.
    """
    room = limit - limit // 4 - _cost(system) - _cost(question)
    if room < 0:
        most = max(0, limit - limit // 4 - _cost(system))
        raise QuestionTooLong(size=_cost(question), limit=most)
    kept: list[Turn] = []
    for turn in reversed(turns):
        room -= _cost(turn.text) + _cost(turn.reply)
        if room < 0:
            break
        kept.append(turn)
    messages = [Message("system", system)] if system else []
    for turn in reversed(kept):
        messages.append(Message("user", turn.text))
        # A question whose reply never began still belongs to the talk; an empty reply is refused by engines.
        if turn.reply:
            messages.append(Message("assistant", turn.reply))
    messages.append(Message("user", question))
    return messages


def _cost(text: str) -> int:
    return tokens(text) + _OVERHEAD if text else 0
