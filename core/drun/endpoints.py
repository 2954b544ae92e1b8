"""Where d.run is reached, and which endpoint a model's id belongs to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit, urlunsplit


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
    window: int | None = None
    """The window of its models in tokens, where whoever started it knows; else the documented one counts."""

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def headers(self) -> dict[bytes, bytes]:
        """Those of every call there. A private installation may have no key."""
        headers = {b"Accept-Encoding": b"identity", b"User-Agent": b"drun-chat"}
        if self.key:  # "Bearer " with nothing behind it is no header, and the call would never leave
            # In bytes: a key that was pasted with a typographic letter is a wrong key, not a broken client.
            headers[b"Authorization"] = f"Bearer {self.key}".encode()
        return headers


def normalised(url: str) -> str:
    """``url`` as d.run needs it: with a scheme, ending in exactly one ``/v1``.

    Accepts what people paste: a bare host, with or without ``/v1``, or the full path of a call. Raises ValueError
    with a sentence for what is no web address at all. The gateway answers ``//v1`` with a redirect and a path
    without ``/v1`` with a plain-text 404, neither of which says what is wrong.
    """
    text = url.strip()
    if "://" not in text:
        text = f"https://{text}"
    parts = _parts(text)
    if parts is None:
        raise ValueError(f"{url!r} is not a web address such as https://chat.d.run/v1")
    if "@" in parts.netloc:
        raise ValueError("a base URL holds no user and no password: the key has a setting of its own")
    path = re.sub("/+", "/", parts.path).rstrip("/")
    for ending in ("/chat/completions", "/completions", "/models"):
        path = path.removesuffix(ending)
    while path.endswith("/v1"):
        path = path.removesuffix("/v1")
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/v1", "", ""))


def _parts(url: str) -> SplitResult | None:
    """The parts of a web address, None for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    # "<region>.d.run" is how the documentation writes it.
    if parts.scheme not in {"http", "https"} or port == 0 or re.search(r"[\s<>{}]", parts.netloc):
        return None
    # "https:/chat.d.run", short of a slash, would be the host "https".
    return None if parts.hostname in {None, "", "http", "https"} else parts


def of_form(model: str, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """The endpoints that an id of this form may belong to: ``public/`` is MaaS by Token, ``u-<account>/`` a service."""
    wanted = Deployment.SERVICE if model.startswith("u-") else Deployment.MAAS
    if model.startswith("demo/"):
        wanted = Deployment.DEMO
    return [endpoint for endpoint in endpoints if endpoint.deployment is wanted]
