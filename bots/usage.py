"""``drun-chat usage``: what every workspace has used."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import typer

from bots import platforms
from bots.compose import store_url
from bots.settings import StoreSettings
from bots.turns import NotDone
from core.commands.usage import told
from core.errors import StoreUnavailable
from core.store.connection import Connections, connect
from core.store.owners import slot_name
from core.store.scanning import all_owned
from core.store.scopes import Scope
from core.store.usage import KEPT_S, Spending, Sums

MOST_DAYS = KEPT_S // (24 * 3600)


async def show(settings: StoreSettings, *, days: int, as_json: bool) -> None:
    """Prints the sums of the last ``days`` days, today included.

    Raises NotDone when the store does not answer, and what ``store_url`` raises.
    """
    async with store_url(settings) as url, connect(url, wait_replicas=settings.wait_replicas) as connections:
        try:
            found = await _sums(connections, days)
        except StoreUnavailable as error:
            raise NotDone(f"The store does not answer, see REDIS_URL: {error}") from error
    typer.echo(_json(found, days) if as_json else _text(found, days))


async def _sums(connections: Connections, days: int) -> Mapping[str, Sums]:
    """By workspace, those with the most answers first."""
    spending, scopes = Spending(connections), dict[str, Scope]()
    for platform in platforms.names():
        async for key in all_owned(connections, platform):
            if key.kind == "usage" and not (key.channel or key.author):
                scopes[f"{key.platform}:{key.workspace}"] = Scope(slot_name(key.key))
    found = {name: await spending.of(scope, days) for name, scope in scopes.items()}
    used = [(name, sums) for name, sums in found.items() if sums.turns]
    return dict(sorted(used, key=lambda pair: (-pair[1].turns, pair[0])))


def _text(found: Mapping[str, Sums], days: int) -> str:
    until = f"{datetime.now(UTC):%Y-%m-%d}"
    head = f"Used on {until} (UTC):" if days == 1 else f"Used in the {days} days (UTC) up to {until}:"
    if not found:
        return f"{head} nothing."
    width = max(map(len, found))
    return "\n".join([head, *(f"{name:<{width}}  {told(sums, 'en')}" for name, sums in found.items())])


def _json(found: Mapping[str, Sums], days: int) -> str:
    workspaces = [{"workspace": name, **_told(sums)} for name, sums in found.items()]
    return json.dumps({"days": days, "workspaces": workspaces}, indent=2, ensure_ascii=False)


def _told(sums: Sums) -> dict[str, Any]:
    """Money as texts: a program that read it as binary fractions would round it."""
    return {
        "turns": sums.turns,
        "prompt_tokens": sums.prompt_tokens,
        "completion_tokens": sums.completion_tokens,
        "reasoning_tokens": sums.reasoning_tokens,
        "estimated_turns": sums.estimated_turns,
        "dedicated_turns": sums.dedicated_turns,
        "unpriced_turns": sums.unpriced_turns,
        "costs": {currency: str(amount) for currency, amount in sums.costs.items() if currency},
    }
