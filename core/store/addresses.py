"""The forms of a store's URL: one server, Sentinel, Cluster."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError


class Form(Enum):
    """How many servers there are, and who says which one to ask."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


_SCHEMES = {
    "redis": Form.SINGLE,
    "rediss": Form.SINGLE,
    "unix": Form.SINGLE,
    "redis+sentinel": Form.SENTINEL,
    "rediss+sentinel": Form.SENTINEL,
    "redis+cluster": Form.CLUSTER,
    "rediss+cluster": Form.CLUSTER,
}
_EXAMPLES = {
    Form.SINGLE: "redis://[user:password@]host:6379/0",
    Form.SENTINEL: "redis+sentinel://[user:password@]host1:26379,host2:26379/service/0",
    Form.CLUSTER: "redis+cluster://[user:password@]host1:6379,host2:6379 (a Cluster has no /0)",
}
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")
_PORTS = {Form.SENTINEL: 26379, Form.CLUSTER: 6379}


@dataclass(frozen=True, slots=True)
class Address:
    """A store's URL, read. Only ``host_url`` and ``sentinel_url`` hold its passwords, as the URL does."""

    form: Form
    url: str
    hosts: Sequence[tuple[str, int]] = ()
    """Sentinels, or some servers of the Cluster."""
    service: str = ""
    database: int = 0
    _userinfo: str = ""
    _options: Mapping[str, str] | None = None

    def host_url(self, host: str, port: int) -> str:
        """The URL of one server that keeps data."""
        sentinels = _SENTINEL_OPTIONS if self.form is Form.SENTINEL else ()
        options = {name: value for name, value in self._given.items() if name not in sentinels}
        return self._url(self._userinfo, host, port, options)

    def sentinel_url(self, host: str, port: int) -> str:
        """The URL of one sentinel: it has users of its own, and the same TLS."""
        options = {name: value for name, value in self._given.items() if name.startswith(("ssl_", "socket_"))}
        user, password = (quote(self._given.get(name, ""), safe="") for name in _SENTINEL_OPTIONS)
        return self._url(f"{user}:{password}@" if password else "", host, port, options, database=0)

    @property
    def _given(self) -> Mapping[str, str]:
        return self._options or {}

    def _url(
        self, userinfo: str, host: str, port: int, options: Mapping[str, str], *, database: int | None = None
    ) -> str:
        scheme = "rediss" if self.url.startswith("rediss") else "redis"
        where = f"[{host}]" if ":" in host else host
        number = self.database if database is None else database
        return f"{scheme}://{userinfo}{where}:{port}/{number}?{urlencode(options)}"


def read_address(url: str) -> Address:
    """Raises ValueError with a sentence that names the right form, and never a part of ``url``."""
    # Not by urlsplit: what has no scheme, as localhost:6379, has one for it.
    form = _SCHEMES.get(url.partition("://")[0]) if "://" in url else None
    if form is None:
        raise ValueError(
            "must begin with redis://, rediss:// or unix://, with redis+sentinel:// for Sentinel, or with "
            "redis+cluster:// for Cluster (rediss+... with TLS)"
        )
    try:
        return _read(form, url)
    except (ValueError, TypeError, RedisError):
        raise ValueError(
            f"cannot be read; it looks like {_EXAMPLES[form]}, and a password's own @ : / # ? are written as "
            "%40 %3A %2F %23 %3F"
        ) from None


def _read(form: Form, url: str) -> Address:
    if form is Form.SINGLE:
        _try(url)
        return Address(form, url)
    parts = urlsplit(url)
    userinfo, at, hosts = parts.netloc.rpartition("@")
    service, database = _PATHS[form](parts)
    address = Address(
        form,
        url,
        [_host(host.strip(), _PORTS[form]) for host in hosts.split(",")],
        service,
        database,
        userinfo + at,
        dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))),
    )
    if parts.fragment:
        raise ValueError("a # is not part of any form")
    for host, port in address.hosts:
        _try(address.host_url(host, port))
        _try(address.sentinel_url(host, port))
    return address


def _try(url: str) -> None:
    """redis-py makes a connection of it (without connecting); it finds an unknown option only then."""
    pool: Any = ConnectionPool.from_url(url)  # its methods are not typed
    pool.make_connection()


def _host(text: str, port: int) -> tuple[str, int]:
    found = urlsplit(f"//{text}")
    if not found.hostname or found.path or "@" in text:
        raise ValueError("this is no host")
    return unquote(found.hostname), port if found.port is None else found.port


def _service(parts: SplitResult) -> tuple[str, int]:
    _, _, path = parts.path.partition("/")
    service, _, database = path.partition("/")
    if not service:
        raise ValueError("the service is missing")
    return unquote(service), int(database or 0)


def _no_path(parts: SplitResult) -> tuple[str, int]:
    if parts.path not in {"", "/", "/0"}:
        raise ValueError("a Cluster has one database")
    return "", 0


_PATHS: Mapping[Form, Callable[[SplitResult], tuple[str, int]]] = {
    Form.SENTINEL: _service,
    Form.CLUSTER: _no_path,
}
