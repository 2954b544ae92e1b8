"""Logs on standard error: readable in a terminal, JSON lines elsewhere, and never a secret."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Every kind of secret that may stray into an error's text: d.run keys, Slack and Discord tokens, URLs with passwords.
_SECRET = re.compile(
    r"(?P<url>\w+://[^\s:/@]*:)[^\s/@]+(?=@)"
    r"|sk-[A-Za-z0-9_-]{4,}|xox[a-z]-[\w-]+|xapp-[\w-]+"
    r"|[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"
    r"|(?P<bearer>Bearer\s+)\S+"
)


def redacted(text: str) -> str:
    """``text`` with every secret replaced."""
    return _SECRET.sub(lambda found: f"{found['url'] or found['bearer'] or ''}<secret>", text)


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
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
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
        if isinstance(value, str):
            event[name] = redacted(value)
    return event
