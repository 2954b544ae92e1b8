"""Logs on standard error: readable in a terminal, JSON lines elsewhere, and never a secret."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# Every kind of secret that may stray into an error's text: d.run keys, Slack and Discord tokens, URLs with passwords.
_SECRET = re.compile(
    # Up to the last @: a password that was not percent-encoded may hold @ and / itself.
    r"(?P<url>\w+://[^\s:/@]*:)\S+(?=@)"
    r"|(?P<query>[?&](?:password|ticket|token)=)[^\s&'\"]+"
    r"|(?<![A-Za-z0-9])sk-[\w-]{4,}|xox[a-z]-[\w-]+|xapp-[\w-]+"
    r"|[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"
    r"|(?P<bearer>\b(?i:bearer)\s+)[^\s'\"]+"
)
_PLAIN = (bool, int, float, type(None))


def redacted(text: str) -> str:
    """``text`` with every secret replaced."""
    return _SECRET.sub(
        lambda found: f"{found['url'] or found['query'] or found['bearer'] or ''}<secret>", text
    )


def set_up(level: str, form: str) -> None:
    """Sends our own logs and those of the libraries through one chain, at ``level``; ``form`` is auto, text or json."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    # plain_traceback: the default one, where rich is installed, prints local variables, and so people's messages.
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    renderer = structlog.processors.JSONRenderer() if as_json else console
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # bolt logs whole event bodies, discord.py and the HTTP clients every call: nobody's messages belong into a log.
    for chatty in ("slack_bolt", "slack_sdk", "discord", "httpx", "httpcore", "aiohttp"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    # It warns that the token is ignored when there is an authorize function, which is how it is meant to be.
    logging.getLogger("slack_bolt.AsyncApp").setLevel(logging.ERROR)
    # It warns that it could not join a voice channel, where nobody sends it.
    logging.getLogger("discord.client").setLevel(logging.ERROR)


def _without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if not name.startswith("_"):  # structlog's own entries: the renderer takes them out
            event[name] = _clean(value)
    return event


def _clean(value: Any) -> Any:
    """``value`` as plain data without secrets; an object is written as its text."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {redacted(str(name)): _clean(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    return redacted(str(value))
