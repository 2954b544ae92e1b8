"""Remembering who did not answer, so that a dead endpoint costs one time-out and not one for each message."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from core.drun.endpoints import Endpoint
from core.drun.model import Model
from core.errors import ModelError, ModelUnavailable, ReplyCut

AFTER = 3
"""Calls in a row that end in a 5xx, after which a model counts as down. Silence needs one."""
REST_S = 5.0
"""How long it counts as down before one call may try again; doubled each time that one fails."""
LONGEST_REST_S = 60.0
_PROBE_S = 60.0
"""How long nobody else may, while that one has not said how it went: it may have been cancelled."""


@dataclass(slots=True)
class Breaker:
    """One who may be down. Times are ``clock``'s seconds."""

    clock: Callable[[], float] = monotonic
    _failures: int = 0
    _rest_s: float = REST_S
    _until: float = 0.0
    _probing: bool = False
    _sure: bool = True
    """It was tried several times. Else only those leave it alone who can ask somebody else."""

    @property
    def open(self) -> bool:
        """It counts as down."""
        return self._failures >= AFTER

    def ready(self, *, hurried: bool = False) -> bool:
        """Whether a call may be made now. While it is open one may, whenever a rest is over.

        ``hurried``: somebody else can be asked instead.
        """
        doubted = self.open and not self._sure and not hurried
        return not self.open or doubted or self.clock() >= self._until

    def begin(self) -> None:
        """A call is made."""
        if self.open:
            self._probing = True
            self._until = self.clock() + _PROBE_S

    def failed(self, *, silent: bool, sure: bool = True) -> None:
        """A call came to nothing. ``silent``: nothing was heard at all; ``sure``: not only once."""
        if self.open and not self._probing:
            return  # it was begun before the others failed, and tells nothing new
        again, self._probing = self.open, False
        self._sure = sure or not silent or (again and self._sure)
        self._failures = AFTER if silent else min(self._failures + 1, AFTER)
        self._rest_s = min(2 * self._rest_s, LONGEST_REST_S) if again else REST_S
        self._until = self.clock() + self._rest_s

    def succeeded(self) -> None:
        self._failures, self._probing = 0, False


@dataclass(slots=True)
class Breakers:
    """Who may be down: an endpoint of which nothing is heard, and a model that its endpoint cannot reach.

    The gateway answers 502 for one service that is stopped while it serves all others: that is no reason to leave the
    endpoint alone.

    Kept in this process only. What others saw of a network need not be true here: one worker behind a broken proxy or
    resolver would switch a deployment off for all of them. And a word of it that arrived late would be wrong, as a rest
    is over within seconds: to be in time it would have to be asked for before every question. So each worker pays for
    its own time-out.
    """

    clock: Callable[[], float] = monotonic
    _places: dict[tuple[Endpoint, str], Breaker] = field(default_factory=dict)

    def allow(self, model: Model, *, hurried: bool = False) -> bool:
        """Whether ``model`` may be asked now; who is told so asks. ``hurried``: somebody else runs it too."""
        breakers = self._of(model)
        if not all(breaker.ready(hurried=hurried) for breaker in breakers):
            return False
        for breaker in breakers:
            breaker.begin()
        return True

    def open(self, model: Model) -> bool:
        """It counts as down."""
        return any(breaker.open for breaker in self._of(model))

    def answered(self, model: Model) -> None:
        """It said something."""
        for breaker in self._of(model):
            breaker.succeeded()

    def failed(self, model: Model, error: ModelError, *, hurried: bool = False) -> None:
        """What is the request's own fault, or the account's, proves the endpoint to be there and nothing else.

        ``hurried``: one call was made and no more, which may have met a short trouble of the network. Whoever has
        nobody else to ask is not kept from trying by that.
        """
        place, itself = self._of(model)
        # What the client could not hear it translates; an answer of 5xx it reads, and that has no cause.
        unheard = error.__cause__ if isinstance(error, ModelUnavailable) else None
        if unheard is not None and not isinstance(unheard, TimeoutError):
            place.failed(silent=True, sure=not hurried)
            return
        place.succeeded()
        if isinstance(error, ModelUnavailable | ReplyCut):
            itself.failed(silent=unheard is not None, sure=not hurried)

    def _of(self, model: Model) -> tuple[Breaker, Breaker]:
        return self._at(model.endpoint, ""), self._at(model.endpoint, model.id)

    def _at(self, endpoint: Endpoint, model: str) -> Breaker:
        return self._places.setdefault((endpoint, model), Breaker(self.clock))
