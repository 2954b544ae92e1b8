"""Which part of the history a model is sent."""

from collections.abc import Sequence

from core.conversation import Message, Turn
from core.errors import QuestionTooLong
from core.estimate import REQUEST, UNKNOWN, Calibration, raw_cost


def fit(
    system: str,
    turns: Sequence[Turn],
    question: str,
    *,
    limit: int,
    calibration: Calibration = UNKNOWN,
) -> list[Message]:
    """The system prompt, the newest turns that fit and the question, within ``limit`` tokens of the model.

    ``turns`` come oldest first. A quarter of the limit is left for the reply, and ``calibration`` leaves a margin for
    an estimate that is off.
    Raises QuestionTooLong when the system prompt and the question alone do not fit.
    """
    room = calibration.room(limit - limit // 4) - REQUEST - raw_cost(system)
    left = room - raw_cost(question)
    if left < 0:
        raise QuestionTooLong(
            size=calibration.tokens(raw_cost(question)), limit=calibration.tokens(max(0, room))
        )
    kept: list[Turn] = []
    for turn in reversed(turns):
        left -= raw_cost(turn.text) + raw_cost(turn.reply)
        if left < 0:
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
