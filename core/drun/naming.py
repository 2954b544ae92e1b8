"""Which model a text means: by its id, by the end of its id, by its documented name, or by what looks like one."""

import difflib
from collections.abc import Mapping, Sequence

from core.drun.fallback import Order, preferred
from core.drun.model import Model


def is_called(model: Model, name: str) -> bool:
    """``name`` is another spelling of this one: the end of its id behind the slash, or its documented name."""
    return name.casefold() in {model.id.rpartition("/")[2].casefold(), model.name.casefold() or None}


def meant(name: str, models: Sequence[Model], order: Order) -> Model | None:
    """The one of ``models`` whose id ends in ``name`` behind its slash, or that runs the documented model ``name``.

    Capitals make no difference. None for a text that may mean different models: what a service is called behind the
    slash is its owner's own choice, and may be another model's documented name.
    """
    wanted = name.casefold()
    short = [model for model in models if model.id.rpartition("/")[2].casefold() == wanted]
    if len(short) == 1:
        return short[0]
    same = [model for model in models if model.name and model.name.casefold() == wanted]
    if not same or any(model not in same for model in short):
        return None
    return preferred(same, order)


def near(
    text: str, models: Sequence[Model], aliases: Mapping[str, Sequence[str]], *, most: int
) -> list[Model]:
    """The ``models`` that ``text`` may mean, best first; ``aliases`` are the operator's names for ids."""
    wanted = text.strip().lower()
    # The operator's names before the ids: they were given to be chosen by.
    named = [
        (name.lower(), model)
        for model in models
        for name in (*aliases.get(model.id, ()), model.id, model.name)
        if name
    ]
    holding = [model for name, model in named if wanted in name]
    holding.sort(key=lambda model: not (wanted and model.alias.lower().startswith(wanted)))
    names = dict.fromkeys(name for name, _ in named)
    close = difflib.get_close_matches(wanted, names, n=most, cutoff=0.5)
    looking = [model for each in close for name, model in named if name == each]
    once = {model.id: model for model in (*holding, *looking)}
    return list(once.values())[:most]
