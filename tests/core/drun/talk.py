"""Asking the double through the real client."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from core.conversation import Delta, Message
from core.drun.calls import ChatRequest
from core.drun.client import ModelClient, http_client
from core.drun.endpoints import Deployment, Endpoint
from core.drun.patience import Patience
from tests.doubles.drun.server import DrunDouble

MODEL = "public/deepseek-v3"
HELLO = (Message("user", "hello"),)
QUICK = Patience(
    connect_s=5.0, first_byte_s=5.0, idle_s=5.0, total_s=10.0, retries=2, retry_wait_s=0.01, list_s=5.0
)
ONCE = replace(QUICK, retries=0)


@asynccontextmanager
async def model_client(patience: Patience = QUICK) -> AsyncGenerator[ModelClient, None]:
    async with http_client(patience) as http:
        yield ModelClient(http, patience)


def maas(drun: DrunDouble, key: str = "") -> Endpoint:
    return Endpoint(Deployment.MAAS, drun.maas_url, key or drun.key)


def service(drun: DrunDouble) -> Endpoint:
    return Endpoint(Deployment.SERVICE, drun.service_url, drun.key)


async def ask(
    drun: DrunDouble,
    *,
    patience: Patience = QUICK,
    endpoint: Endpoint | None = None,
    model: str = MODEL,
    messages: Sequence[Message] = HELLO,
    heard: list[Delta] | None = None,
) -> list[Delta]:
    """The whole reply. `heard` keeps what came before an error, too."""
    deltas = [] if heard is None else heard
    request = ChatRequest(model, messages)
    async with model_client(patience) as client:
        stream = client.stream(endpoint or maas(drun), request)
        async with aclosing(stream):
            async for delta in stream:
                deltas.append(delta)
    return deltas


def text_of(deltas: Sequence[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


def thought_of(deltas: Sequence[Delta]) -> str:
    return "".join(delta.reasoning for delta in deltas)


def finish_of(deltas: Sequence[Delta]) -> list[str]:
    return [delta.finish for delta in deltas if delta.finish is not None]
