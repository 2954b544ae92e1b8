"""The two that keep the same contract: the double, and a real engine (llama.cpp with the demo model)."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from bots.embedded.demo_model import DemoModel, demo_model
from core.drun.endpoints import Deployment, Endpoint
from tests.core.drun.talk import MODEL
from tests.doubles.drun.refusals import OVERFLOWS, Overflow
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

BOTH = ("double", pytest.param("demo", marks=pytest.mark.demo))
LONGEST = 200
"""Tokens that both say where nothing ends them earlier."""


@dataclass(frozen=True)
class Server:
    endpoint: Endpoint
    model: str
    choosy: bool
    """It refuses ids that it does not list. llama.cpp with one model answers by whatever name it is called."""
    made: Callable[[], Awaitable[int | None]]
    """The tokens of the longest reply, that of its question perhaps included; None while one is being made."""


@asynccontextmanager
async def served(kind: str) -> AsyncGenerator[Server, None]:
    if kind == "demo":
        async with demo_model() as demo:
            endpoint = Endpoint(Deployment.DEMO, demo.base_url, demo.api_key, demo.context_tokens)
            yield Server(endpoint, demo.model, choosy=False, made=lambda: _made_by(demo))
        return
    async with DrunDouble() as drun:
        script = Script("Hello there. " * (LONGEST // 2), delay_s=0.001)
        drun.reply = Overflow(OVERFLOWS["vLLM 0.8, messages"], 100, script)

        async def made() -> int | None:
            return None if drun.in_flight else script.sent

        yield Server(Endpoint(Deployment.MAAS, drun.maas_url, drun.key), MODEL, choosy=True, made=made)


async def _made_by(demo: DemoModel) -> int | None:
    """llama.cpp tells at ``/slots`` what each of its conversations holds."""
    headers = {"Authorization": f"Bearer {demo.api_key}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=10) as http:
        slots = (await http.get(demo.base_url.removesuffix("/v1") + "/slots")).json()
    if any(slot["is_processing"] for slot in slots):
        return None
    return max(int(slot.get("n_prompt_tokens") or 0) for slot in slots)
