"""``drun-chat feedback``: what people think of answers, as a data set."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import typer

from bots.compose import store_url
from bots.settings import StoreSettings
from bots.turns import NotDone
from core.errors import StoreUnavailable
from core.feedback import Feedback, Version
from core.store.answers import Answers
from core.store.connection import connect
from core.store.kept import Kept
from core.store.standing import settled_partitions


async def export(settings: StoreSettings, since: datetime | None) -> None:
    """Prints a line of JSON for each answer that somebody has an opinion of, given at ``since`` (UTC) or later.

    Raises NotDone when the store does not answer, and what ``store_url`` raises.
    """
    after = 0 if since is None else int(since.replace(tzinfo=since.tzinfo or UTC).timestamp())
    async with (
        store_url(settings) as url,
        connect(url, wait_replicas=settings.wait_replicas, seal=settings.seal()) as connections,
    ):
        try:
            partitions = await settled_partitions(connections) or settings.partitions
            async for found in Answers(connections, partitions=partitions, ttl_s=0).with_feedback():
                for line in lines(found.turn, after):
                    typer.echo(json.dumps(line, ensure_ascii=False))
        except StoreUnavailable as error:
            raise NotDone(f"The store does not answer, see REDIS_URL: {error}") from error


def lines(turn: Kept, after: int) -> Iterator[dict[str, Any]]:
    """One for each version of the answer that has an opinion from ``after`` on, in seconds since 1970; oldest first.

    Nobody is named in it. What was thought of a version that is not kept any more is left out.
    """
    now = Version(turn.answer_id, turn.reply, turn.model, turn.at, turn.usage, turn.complete)
    for version in (*turn.versions, now):
        opinions = [each for each in turn.feedback if each.answer == version.id and each.at >= after]
        if opinions and version.reply:
            yield {
                "messages": _messages(turn, version, opinions),
                "feedback": [_told(each) for each in opinions],
                "model": version.model,
                "complete": version.complete,
                "turn": turn.id,
            }


def _messages(turn: Kept, version: Version, opinions: list[Feedback]) -> list[dict[str, str]]:
    system = opinions[-1].system
    told = [{"role": "system", "content": system}] if system else []
    return [
        *told,
        {"role": "user", "content": turn.text},
        {"role": "assistant", "content": version.reply},
    ]


def _told(opinion: Feedback) -> dict[str, str]:
    at = datetime.fromtimestamp(opinion.at, UTC).isoformat()
    return {"verdict": opinion.verdict, "reason": opinion.reason, "at": at}
