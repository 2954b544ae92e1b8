"""Who is asked, and in which order, where several run the same model."""

from collections.abc import Sequence
from enum import StrEnum

from core.drun.endpoints import Deployment
from core.drun.model import Model
from core.errors import AccessRefused, ChatError, ModelBusy, ModelUnavailable, ModelUnknown, ReplyCut


class Order(StrEnum):
    """Which of those that run the same model is asked first. The values are those of DRUN_FALLBACK."""

    CHOSEN = "on"
    """The chosen one."""
    SERVICE_FIRST = "service,maas"
    """A Model Service, whichever was chosen: it is paid for already."""
    MAAS_FIRST = "maas,service"
    OFF = "off"
    """The chosen one, and nobody else."""


_FIRST = {Order.SERVICE_FIRST: Deployment.SERVICE, Order.MAAS_FIRST: Deployment.MAAS}


def in_turn(chosen: Model, same: Sequence[Model], order: Order) -> list[Model]:
    """``chosen`` and the others of ``same``, in the order in which they are asked until one of them answers."""
    if order is Order.OFF:
        return [chosen]
    ranked = [chosen, *(model for model in same if _place(model) != _place(chosen))]
    first = _FIRST.get(order)
    # Sorting is stable: among its own kind the chosen one stays the first.
    return (
        ranked if first is None else sorted(ranked, key=lambda model: model.endpoint.deployment is not first)
    )


def preferred(same: Sequence[Model], order: Order) -> Model:
    """Who of ``same`` (not empty) answers where none of them was chosen by its id.

    MaaS by Token, unless ``order`` begins with the Model Service.
    """
    first = Deployment.SERVICE if order is Order.SERVICE_FIRST else Deployment.MAAS
    return min(same, key=lambda model: model.endpoint.deployment is not first)


def another_may_help(error: ChatError) -> bool:
    """Whether somebody else who runs the same model may do better.

    Not where the request itself is refused, and not where the key or the account is: the operator has to hear of it.
    The key or the account of an upstream is another matter: whoever else runs the model is asked without it.
    """
    return isinstance(error, ModelUnavailable | ModelBusy | ModelUnknown | ReplyCut | AccessRefused)


def _place(model: Model) -> tuple[str, str]:
    return model.id, model.endpoint.base_url
