"""A REST call as a handler sees it, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tests.doubles.discord.errors import Payload, form_error
from tests.doubles.discord.posting import Files
from tests.doubles.discord.world import World


@dataclass(frozen=True, slots=True)
class Call:
    world: World
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: Files

    @property
    def form(self) -> Payload:
        """The body as an object; Discord refuses anything else."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise form_error([], "MODEL_TYPE_CONVERT", "Expected an object/dictionary.")
        return self.body


@dataclass(frozen=True, slots=True)
class Reply:
    body: Any = None
    status: int = HTTPStatus.OK


NO_CONTENT = Reply(status=HTTPStatus.NO_CONTENT)
Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`by_bot`: needs the bot's token. The others carry an interaction's token in their path."""

    method: str
    path: str
    handler: Handler
    by_bot: bool = True

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"
