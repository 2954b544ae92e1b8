"""Where d.run itself is, as opposed to a private installation: its regions, its hosts, and what is wrong with an address."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from core.drun.endpoints import normalised

MAAS_URL = "https://chat.d.run/v1"

_MAAS_HOST = "chat.d.run"
# d.run's documentation has "<region>-02" for a place of two to four letters: "region-02" is that, pasted.
_REGION = re.compile(r"(?:https?://)?([a-z]{2,4}-[0-9]{2})(?:\.d\.run(?:[:/].*)?)?")


def region_of(text: str) -> str | None:
    """The region that ``text`` names, also when it was pasted as a host or an address; None: it names none."""
    found = _REGION.fullmatch(text.strip().lower())
    return found[1] if found else None


def service_url(region: str) -> str:
    """Where the Model Services of ``region`` are."""
    return f"https://{region_of(region) or region}.d.run/v1"


def wrong_regions(regions: Sequence[str]) -> Iterator[str]:
    """A sentence for each of ``regions`` that is none."""
    for region in regions:
        if region_of(region) is None:
            yield f"{region!r} is no region; it looks like sh-02, as in https://sh-02.d.run"


def wrong_maas(url: str) -> str:
    """What is wrong with ``url`` as the address of MaaS by Token; empty: nothing."""
    try:
        scheme, host = _parts(url)
    except ValueError as error:
        return str(error)
    if host is None:
        return ""
    if region := region_of(host):
        return f"{url!r} is a Model Service's address: set DRUN_REGION={region}"
    if host != _MAAS_HOST:
        return f"{url!r} serves no models; MaaS by Token is at {MAAS_URL}"
    return _in_clear_text(url, scheme)


def wrong_service(url: str) -> str:
    """The same of a Model Service's address."""
    try:
        scheme, host = _parts(url)
    except ValueError as error:
        return str(error).replace(MAAS_URL, "https://sh-02.d.run")
    if host is None:
        return ""
    if region_of(host) is None:
        return f"{url!r} names no region; it looks like https://sh-02.d.run"
    return _in_clear_text(url, scheme)


def _parts(url: str) -> tuple[str, str | None]:
    """Scheme and host; no host for one that is not d.run's own. Raises ValueError with a sentence."""
    parts = urlsplit(normalised(url))
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme, host if host == "d.run" or host.endswith(".d.run") else None


def _in_clear_text(url: str, scheme: str) -> str:
    # A private installation may be reached over plain HTTP within its own network; d.run is across the internet.
    if scheme == "https":
        return ""
    return f"{url!r} would send the key in clear text; d.run is reached with https://"
