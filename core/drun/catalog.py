"""The models that can be asked: what every endpoint lists, with what is known of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

import structlog

from core.drun.client import ModelClient
from core.drun.documented import Documented, documented
from core.drun.endpoints import Deployment, Endpoint, of_form
from core.drun.fallback import Order, in_turn, preferred
from core.drun.lessons import Lesson, Lessons
from core.drun.listing import Listed
from core.drun.lists import Lists, Shelf
from core.drun.model import Model
from core.drun.naming import is_called, meant, near
from core.errors import ModelError, ModelUnavailable, ModelUnknown

LIFETIME_S = 300.0
"""How long a list is believed; models come and go on d.run within days, not minutes."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers where something was chosen, or nothing."""

    model: Model
    gone: str = ""
    """What should have answered and is not offered any more."""
    same: bool = False
    """``model`` is the same model as what is gone, from somewhere else: people are told with every answer."""


class Catalog:
    """All models of a deployment.

    ``aliases`` name ids in the operator's words and, when there are any, are all that may be chosen; an id that
    names itself is a plain allow-list entry. A model carries the first of its names. ``runs`` tells which documented model a service runs, and ``twins`` the
    same of a public id that is documented nowhere. ``windows`` are the operator's own, in tokens, by id; under the empty
    one for all of whose window nothing is known. Ids that ``admits`` does not admit are none here.
    """

    def __init__(
        self,
        client: ModelClient,
        endpoints: Sequence[Endpoint],
        *,
        default: str = "",
        aliases: Mapping[str, str],
        runs: Mapping[str, str],
        twins: Mapping[str, str] | None = None,
        windows: Mapping[str, int] | None = None,
        order: Order = Order.CHOSEN,
        ttl_s: float = LIFETIME_S,
        shelf: Shelf | None = None,
        admits: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._endpoints = endpoints
        self._admits = admits
        self._default = default
        self._aliases = aliases
        self._names: dict[str, list[str]] = {}
        for name, model in aliases.items():
            if name != model:
                self._names.setdefault(model, []).append(name)
        self._twins = twins or {}
        self._named = {**runs, **self._twins}
        self._windows = windows or {}
        self._order = order
        self._ttl_s = ttl_s
        self._lists = Lists(client, endpoints, ttl_s=ttl_s, shelf=shelf)
        self._refused: dict[tuple[Endpoint, str], float] = {}
        self._lessons = Lessons(endpoints, shelf)
        self._missed = ""

    @property
    def problems(self) -> Mapping[Endpoint, ModelError]:
        """Why an endpoint's list could not be read last time."""
        return self._lists.problems

    async def all(self) -> list[Model]:
        """Everything that can be chosen, in the endpoints' own order. An endpoint out of reach keeps its old list.

        Waits only for an endpoint of which nothing was ever known; later lists are read beside whatever goes on, so
        that one that hangs keeps nobody waiting.
        """
        self._lessons.refresh()
        await self._lists.settle()
        # One service may run in two regions under one id: one choice for people, two to fall over between.
        once: dict[str, Model] = {}
        for model in self._listed():
            if self._allowed(model.id):
                once.setdefault(model.id, model)
        return list(once.values())

    async def of(self, endpoint: Endpoint) -> list[Model]:
        """What can be chosen there."""
        await self._lists.settle()
        return [model for model in self._listed() if model.endpoint == endpoint and self._allowed(model.id)]

    async def find(self, name: str) -> Model:
        """The model called ``name``: an alias, an id, the part after its slash where only one has it, a documented name.

        Of several that run the model of a documented name, the one that ``preferred`` takes. An id that no list has is believed where nobody can know better: its endpoint's list cannot be read, or it is
        a service's and there is only one endpoint that it could be at. Raises ModelUnknown.
        """
        wanted = self._aliases.get(name, name)
        models = await self.all()
        for model in models:
            if model.id == wanted:
                return model
        if found := meant(wanted, models, self._order):
            return found
        endpoint = self._believed_at(wanted) if self._allowed(wanted) else None
        if endpoint is None:
            raise ModelUnknown(f"no model {wanted}", model=name)
        return self._model(Listed(wanted), endpoint)

    async def choose(self, chosen: str) -> Choice:
        """Who answers where ``chosen`` was chosen; empty: where nothing was. Raises ModelError when nobody can."""
        if chosen:
            return await self._offered(chosen) or replace(await self._usual(), gone=chosen, same=False)
        return await self._usual()

    async def default(self) -> Model:
        """The model of who has chosen none: the setting's, or when that one is gone who stands in for it.

        That is the same model from somewhere else, or else the first that is documented. Raises ModelError.
        """
        return (await self._usual()).model

    async def _usual(self) -> Choice:
        if not self._default:
            return Choice(await self._first())
        found = await self._offered(self._default)
        if found is None or found.gone:
            self._tell_once()
        return found or Choice(await self._first(), self._aliases.get(self._default, self._default))

    async def _offered(self, name: str) -> Choice | None:
        """``name``, or when d.run has withdrawn it the same model from somewhere else; None: neither is offered."""
        try:
            return Choice(await self.find(name))
        except ModelUnknown:
            pass
        id_ = self._id_of(name)
        told = self._named.get(id_, id_)
        known = documented(told) or documented(f"public/{told}")
        same = self._that_run(known.name) if known and known.name else []
        # An official name, or the end of an id, means each of them; an id means one.
        if called := [model for model in same if is_called(model, self._aliases.get(name, name))]:
            return Choice(preferred(called, self._order))
        if not same or self._order is Order.OFF:
            return None
        return Choice(preferred(same, self._order), id_, same=True)

    def _id_of(self, name: str) -> str:
        """The id that the operator means by ``name``, whether a list has it or not."""
        wanted = self._aliases.get(name, name)
        ends = [id_ for id_ in self._named if id_.rpartition("/")[2].casefold() == wanted.casefold()]
        return ends[0] if len(ends) == 1 else wanted

    async def _first(self) -> Model:
        """A list may hold models that draw, and says so of none; a documented one chats."""
        models = await self.all()
        if not models:
            problem = next(iter(self.problems.values()), None) or ModelUnavailable(
                "no endpoint lists a model"
            )
            raise problem.with_traceback(None)  # it is kept, and would grow with everybody it is raised for
        return next((model for model in models if model.name), models[0])

    async def candidates(self, chosen: Model) -> list[Model]:
        """``chosen`` and who else runs the same model, in the order in which they are to be asked."""
        if self._order is Order.OFF or not chosen.name:
            return [chosen]
        await self._lists.settle()
        return in_turn(chosen, self._that_run(chosen.name), self._order)

    async def like(self, text: str, *, most: int = 25) -> list[Model]:
        """The models that ``text`` may mean, best first: for completion and for "did you mean"."""
        return near(text, await self.all(), self._names, most=most)

    async def missing(self, model: Model) -> None:
        """Its endpoint says that there is no ``model``: its list is read at once, and it is not believed for a while."""
        self._refused[model.endpoint, model.id] = monotonic() + self._ttl_s
        await self._lists.doubt(model.endpoint)

    async def reread(self) -> None:
        """Reads all lists from their endpoints now."""
        await self._lists.reread()

    async def aclose(self) -> None:
        """Ends the reading that may be under way."""
        await self._lessons.aclose()
        await self._lists.aclose()

    def _listed(self) -> list[Model]:
        return [
            self._model(each, endpoint)
            for endpoint in self._endpoints
            for each in self._lists.of(endpoint) or ()
            if self._at_home(each.id, endpoint)
        ]

    def _at_home(self, name: str, endpoint: Endpoint) -> bool:
        """A private installation may serve both deployments at one address, which then lists all ids for both."""
        homes = [each for each in of_form(name, self._endpoints) if each.base_url == endpoint.base_url]
        return not homes or endpoint in homes

    def _allowed(self, name: str) -> bool:
        return self._admits(name) and (not self._aliases or name in self._aliases.values())

    def _may_stand_in(self, name: str) -> bool:
        return self._allowed(name) or (name in self._twins and self._admits(name))

    def _believed_at(self, name: str) -> Endpoint | None:
        """The endpoint that decides about an id that no list has; None: there is no such model."""
        if "/" not in name:
            return None
        places = of_form(name, self._endpoints)
        unread = [each for each in places if self._lists.of(each) is None]
        # Of several endpoints whose lists are known, none has it: whichever was asked would say the same.
        alone = places if len(places) == 1 and places[0].deployment is Deployment.SERVICE else []
        found = next(iter(unread or alone), None)
        if found is None or self._refuses(found, name):
            return None
        if len(unread) > 1:
            log.warning(
                "no list has this model; the first endpoint is asked", model=name, endpoint=found.host
            )
        return found

    def _that_run(self, name: str) -> list[Model]:
        """Who may stand in for a model of this documented name."""
        listed = [model for model in self._listed() if self._may_stand_in(model.id)]
        return [model for model in (*listed, *self._unlisted(name)) if model.name == name]

    def _unlisted(self, name: str) -> list[Model]:
        """Ids that are known to be this model, at endpoints whose lists nobody could read."""
        known = documented(name)
        public = known.id if known else None
        ids = [
            *([public] if public else []),
            *(id_ for id_, runs in self._named.items() if runs == name),
        ]
        unread = [each for each in self._endpoints if self._lists.of(each) is None]
        return [
            self._model(Listed(id_), endpoint)
            for id_ in dict.fromkeys(ids)
            for endpoint in of_form(id_, unread)
            if self._may_stand_in(id_) and not self._refuses(endpoint, id_)
        ]

    def _refuses(self, endpoint: Endpoint, name: str) -> bool:
        """It said a while ago that there is no such model."""
        return monotonic() < self._refused.get((endpoint, name), 0.0)

    def _model(self, listed: Listed, endpoint: Endpoint) -> Model:
        known = documented(self._named.get(listed.id, listed.id)) or Documented()
        # A server that has refused a request names what it really has; a list or a table may be older.
        lesson = self._lessons.of(endpoint, listed.id)
        listed_window = endpoint.window or listed.max_model_len or known.window or self._windows.get("")
        window = self._windows.get(listed.id) or lesson.window or listed_window
        price = None if endpoint.deployment is Deployment.SERVICE else known.price
        return Model(
            listed.id,
            endpoint,
            window,
            known.output,
            known.reasoning,
            known.tools,
            # The demo model's server is started without what pictures need, and answers them with a 500.
            False if endpoint.deployment is Deployment.DEMO else known.vision,
            price,
            known.name or "",
            next(iter(self._names.get(listed.id, ())), ""),
            lesson.completes,
        )

    def learned(self, model: Model, window: int) -> None:
        """``model``'s server has refused a request and named its window: no other one need find out again."""
        if window < model.window:
            self._lessons.learn(model.endpoint, model.id, Lesson(window))

    def learned_to_complete(self, model: Model) -> None:
        """``model``'s server has said that it takes no chats."""
        self._lessons.learn(model.endpoint, model.id, Lesson(completes=True))

    def _tell_once(self) -> None:
        if self._missed != self._default:
            self._missed = self._default
            log.warning("the default model is not offered; another one answers", model=self._default)
