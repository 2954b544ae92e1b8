"""Where d.run is reached, and which endpoint a model's id belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit


class Deployment(StrEnum):
    """How a model is offered."""

    MAAS = "MaaS by Token"
    SERVICE = "Model Service"
    DEMO = "demo model"
    """Not d.run: the small local model of a first run."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One base URL with its key; ``base_url`` ends in ``/v1``."""

    deployment: Deployment
    base_url: str
    key: str = field(repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc


def normalised(url: str) -> str:
    """``url`` as d.run needs it: with a scheme, ending in exactly one ``/v1``.

    Accepts what people paste: a bare host, with or without ``/v1``, or the full path of a call. Raises ValueError
    with a sentence for what is no web address at all. The gateway answers ``//v1`` with a redirect and a path
    without ``/v1`` with a plain-text 404, neither of which says what is wrong.
    """
    text = url.strip()
    if "://" not in text:
        text = f"https://{text}"
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(c.isspace() for c in parts.netloc):
        raise ValueError(f"{url!r} is not a web address such as https://chat.d.run/v1")
    path = parts.path.rstrip("/")
    for ending in ("/chat/completions", "/completions", "/models"):
        path = path.removesuffix(ending)
    path = path.rstrip("/")
    if not path.endswith("/v1"):
        path += "/v1"
    while "//" in path:
        path = path.replace("//", "/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def route(model: str, endpoints: Sequence[Endpoint]) -> Endpoint | None:
    """The endpoint for ``model`` by the form of its id: ``public/`` is MaaS by Token, ``u-<account>/`` a service."""
    wanted = Deployment.SERVICE if model.startswith("u-") else Deployment.MAAS
    if model.startswith("demo/"):
        wanted = Deployment.DEMO
    matching = [endpoint for endpoint in endpoints if endpoint.deployment is wanted]
    return matching[0] if matching else None
