"""Asking whoever runs the chosen model, one after the other, until somebody says a word."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog

from core.conversation import Delta, Message
from core.drun.breaker import Breakers
from core.drun.calls import ChatRequest, Sampling
from core.drun.catalog import Catalog, Choice
from core.drun.client import ModelClient
from core.drun.fallback import another_may_help
from core.drun.model import Model
from core.errors import (
    ChatError,
    ModelBusy,
    ModelError,
    ModelUnavailable,
    ModelUnknown,
    QuestionTooLong,
    ReplyCut,
    WindowExceeded,
)
from core.estimate import UNKNOWN, raw_prompt
from core.texts import Language, Text

Fit = Callable[[int], Sequence[Message]]
"""The messages to send to a model whose window is so many tokens. May raise QuestionTooLong."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was to answer one question, and who is asked now."""

    chosen: Choice
    model: Model
    failed: ModelError | None = None
    """Why the chosen one does not answer."""

    def instead(self, language: Language) -> str:
        """Who answered in the chosen one's place, and why; empty when it answered itself."""
        wanted = self.chosen.model
        if self.chosen.same:
            return _UNKNOWN.say(language, model=self.model.id, chosen=self.chosen.gone)
        if self.model.id == wanted.id:
            return ""
        text = _AGREED
        if self.failed is not None:
            text = next((why for kind, why in _WHY if isinstance(self.failed, kind)), _DOWN)
        return text.say(language, model=self.model.id, chosen=wanted.id)

    def gone(self, language: Language) -> str:
        """That what was chosen is not offered any more; empty when it is.

        Empty as well where the same model answers from somewhere else: ``instead`` tells that.
        """
        chosen = self.chosen
        if not chosen.gone or chosen.same:
            return ""
        return GONE.say(language, chosen=chosen.gone, model=self.model.id)


@dataclass(slots=True)
class Asking:
    """One question to whoever can answer it. ``breakers`` are those of the process: they remember who is down.

    ``sampling`` holds for this question, and what it leaves open is the client's.
    """

    client: ModelClient
    catalog: Catalog
    breakers: Breakers = field(default_factory=Breakers)
    first_sign_s: float | None = None
    """How long somebody may be silent, all tries together, while another who runs the same model has not been asked.
    None: as long as one first byte may take."""
    sampling: Sampling = field(default_factory=Sampling)

    async def stream(self, chosen: str, fit: Fit) -> AsyncGenerator[tuple[Asked, Delta], None]:
        """The reply of who was ``chosen`` (empty: the default), or of who stands in for it. Wrap it in ``aclosing``.

        Nobody stands in once a word was said. Each who is asked begins with an ``Asked`` of its own and an empty delta;
        what the one before has thought is void then. Raises ModelError, that of the chosen one: ReplyCut only where a
        word was said, else there is nothing that could be incomplete.
        """
        choice, spoken = await self.catalog.choose(chosen), False
        tried: set[str] = set()
        while True:
            try:
                async with aclosing(self._in_turn(choice, fit)) as said:
                    async for asked, delta in said:
                        spoken = (spoken and not delta.retracted) or bool(delta.text.strip())
                        tried.add(asked.model.id)
                        yield asked, delta
            except ReplyCut as cut:
                if spoken:
                    raise
                raise ModelUnavailable(str(cut)) from cut
            except ModelUnknown:
                another = await self.catalog.choose(chosen)
                if spoken or another.model.id in tried:
                    raise
                # The list was wrong until a moment ago; by the one that was just read somebody else answers.
                choice = replace(another, gone=another.gone or choice.model.id)
            else:
                return

    async def _in_turn(self, choice: Choice, fit: Fit) -> AsyncGenerator[tuple[Asked, Delta], None]:
        candidates = await self.catalog.candidates(choice.model)
        errors: dict[str, ModelError] = {}
        for model in candidates:
            asked, spoken = Asked(choice, model, errors.get(choice.model.id)), False
            yield asked, Delta()
            try:
                async with aclosing(self._one(model, fit, hurried=model is not candidates[-1])) as deltas:
                    async for delta in deltas:
                        spoken = (spoken and not delta.retracted) or bool(delta.text.strip())
                        yield asked, delta
            except (ModelError, QuestionTooLong) as error:
                # Whoever stands in may have a smaller window: that is no fault of the question.
                too_small = model != choice.model and isinstance(error, QuestionTooLong | WindowExceeded)
                if spoken or not (too_small or another_may_help(error)):
                    raise
                if isinstance(error, ModelError):
                    errors.setdefault(model.id, error)
                where = model.endpoint.host
                log.warning("a model did not answer", model=model.id, endpoint=where, reason=_reason(error))
            else:
                return
        raise errors[choice.model.id]

    async def _one(self, model: Model, fit: Fit, *, hurried: bool) -> AsyncGenerator[Delta, None]:
        if not self.breakers.allow(model, hurried=hurried):
            raise ModelUnavailable("it did not answer a moment ago, and is left alone for a while")
        try:
            async with aclosing(self._fitted(model, fit, hurried=hurried)) as deltas:
                delta = await self._first(deltas, hurried=hurried)
                self.breakers.answered(model)
                if not model.completes and self.client.learned_to_complete(model.endpoint, model.id):
                    self.catalog.learned_to_complete(model)
                yield delta
                async for delta in deltas:
                    yield delta
        except ModelError as error:
            self.breakers.failed(model, error, hurried=hurried)
            if isinstance(error, ModelUnknown):
                await self.catalog.missing(model)
            raise

    async def _first(self, deltas: AsyncGenerator[Delta, None], *, hurried: bool) -> Delta:
        patience = self.client.patience.first_byte_s if self.first_sign_s is None else self.first_sign_s
        try:
            async with asyncio.timeout(patience if hurried else None):
                return await anext(deltas)  # there is one: without a finish reason the client raises ReplyCut
        except TimeoutError as error:
            raise ModelUnavailable(f"no sign of it within {patience:g} s") from error

    async def _fitted(self, model: Model, fit: Fit, *, hurried: bool) -> AsyncGenerator[Delta, None]:
        """Once more with less when the server names a smaller window than is known here.

        It knows its window better than our table, and counts tokens better than our estimate.
        """
        spoken, limit = False, model.window
        request = self._request(model, fit(limit), limit)
        try:
            async with aclosing(self.client.stream(model.endpoint, request, hurried=hurried)) as deltas:
                async for delta in deltas:
                    spoken = (spoken and not delta.retracted) or bool(delta.text.strip())
                    yield delta
        except WindowExceeded as error:
            if error.limit:
                self.catalog.learned(model, error.limit)
            if spoken:
                raise
            limit = min(error.limit or limit, limit) // 2
            less = self._request(model, fit(limit), limit)
            if (less.messages, less.sampling) == (request.messages, request.sampling):
                raise  # there is nothing to leave out: the answer would be the same
        else:
            return
        async with aclosing(self.client.stream(model.endpoint, less, hurried=hurried)) as deltas:
            async for delta in deltas:
                yield delta

    def _request(self, model: Model, messages: Sequence[Message], limit: int) -> ChatRequest:
        """``messages`` for ``model``, in ``limit`` tokens of its window. More tokens than it can say are not asked for."""
        # A quarter of the window is what core.window leaves for the reply.
        room = limit // 4
        sampling = self.sampling.over(self.client.sampling).within(model.output)
        # Of an unknown window the server tells when it was too much; our guess would only cut replies.
        known = model.known_window is not None or limit < model.window
        if known and sampling.max_tokens is not None and sampling.max_tokens > room:
            prompt = UNKNOWN.tokens(raw_prompt(messages) * (1 + UNKNOWN.margin))
            sampling = sampling.within(max(room, limit - prompt))
        return ChatRequest(
            model.id,
            messages,
            sampling,
            room=min(room, model.output or room),
            reasoning=bool(model.reasoning),
            completes=model.completes,
        )


GONE = Text(
    "`{chosen}` is not offered any more; `{model}` answers.", "`{chosen}` 已不再提供，现由 `{model}` 回答。"
)
_BUSY = Text("`{model}` answered: `{chosen}` is busy.", "由 `{model}` 回答：`{chosen}` 正忙。")
_DOWN = Text(
    "`{model}` answered: `{chosen}` cannot be reached.", "由 `{model}` 回答：暂时无法连接 `{chosen}`。"
)
_UNKNOWN = Text("`{model}` answered: `{chosen}` is not there.", "由 `{model}` 回答：`{chosen}` 不存在。")
_AGREED = Text(
    "`{model}` answered, the same model as `{chosen}`.", "由 `{model}` 回答，与 `{chosen}` 是同一个模型。"
)
_WHY = ((ModelBusy, _BUSY), (ModelUnknown, _UNKNOWN))


def _reason(error: ChatError) -> str:
    return f"{type(error).__name__} {error}"
