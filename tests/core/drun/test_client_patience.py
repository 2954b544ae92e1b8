"""Leaving a reply, and waiting for one."""

import asyncio
import math
from contextlib import aclosing
from dataclasses import replace

import pytest

from core.conversation import Delta
from core.drun.calls import ChatRequest
from core.errors import (
    ModelUnavailable,
    ReplyCut,
)
from tests.core.drun.talk import (
    HELLO,
    MODEL,
    ONCE,
    QUICK,
    ask,
    maas,
    model_client,
    text_of,
)
from tests.doubles.drun.script import Fault, Script
from tests.doubles.drun.server import DrunDouble


async def test_closing_the_reply_closes_the_connection(drun: DrunDouble) -> None:
    script = Script("one two three", gated=True)
    drun.reply = script
    async with model_client() as client:
        async with aclosing(client.stream(maas(drun), ChatRequest(MODEL, HELLO))) as deltas:
            await asyncio.gather(script.release(), anext(deltas))
        await drun.until(lambda: drun.requests[0].closed_early)
    assert drun.requests[0].closed_at is not None
    assert not drun.requests[0].served


async def test_cancelling_the_asker_closes_the_connection(drun: DrunDouble) -> None:
    drun.reply = Script("never", headers_s=math.inf)
    asking = asyncio.create_task(ask(drun))
    await drun.until(lambda: drun.in_flight == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await drun.until(lambda: drun.requests[0].closed_early)
    assert len(drun.requests) == 1


async def test_a_reply_that_was_read_to_its_end_is_not_closed_early(drun: DrunDouble) -> None:
    await ask(drun)
    await drun.until(lambda: drun.in_flight == 0)
    assert [(call.served, call.closed_early) for call in drun.requests] == [(True, False)]


async def test_an_error_of_the_reader_is_not_one_of_the_model(drun: DrunDouble) -> None:
    async def read() -> None:
        async with (
            model_client() as client,
            aclosing(client.stream(maas(drun), ChatRequest(MODEL, HELLO))) as deltas,
        ):
            async for _ in deltas:
                raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await read()
    assert len(drun.requests) == 1


async def test_no_answer_at_all_is_unavailable(drun: DrunDouble) -> None:
    drun.reply = Script("never", headers_s=math.inf)
    with pytest.raises(ModelUnavailable):
        await ask(drun, patience=replace(QUICK, first_byte_s=0.1, retries=1))
    await drun.until(lambda: [call.closed_early for call in drun.requests] == [True, True])


async def test_headers_without_a_first_frame_are_waited_for_as_long_as_a_first_byte(drun: DrunDouble) -> None:
    drun.reply = Script("never", fault=Fault.STALL)
    with pytest.raises(ReplyCut):
        await ask(drun, patience=replace(ONCE, first_byte_s=0.1))
    await drun.until(lambda: drun.requests[0].closed_early)


@pytest.mark.parametrize(("headers_s", "first_s"), [(0.6, 0.0), (0.0, 0.6)])
async def test_the_first_byte_may_take_longer_than_later_ones(
    drun: DrunDouble, headers_s: float, first_s: float
) -> None:
    drun.reply = Script("worth the wait", headers_s=headers_s, first_s=first_s)
    assert text_of(await ask(drun, patience=replace(ONCE, idle_s=0.3))) == "worth the wait"


async def test_silence_in_mid_stream_cuts_the_reply(drun: DrunDouble) -> None:
    drun.reply = Script("one two", fault=Fault.STALL, after=1)
    heard: list[Delta] = []
    patience = replace(QUICK, first_byte_s=60.0, idle_s=0.1, total_s=60.0)
    async with asyncio.timeout(5):
        with pytest.raises(ReplyCut):
            await ask(drun, patience=patience, heard=heard)
    assert text_of(heard) == "one "
    await drun.until(lambda: drun.requests[0].closed_early)


async def test_a_reply_without_an_end_is_cut_when_its_time_is_up(drun: DrunDouble) -> None:
    drun.reply = Script(["on and "] * 1000, delay_s=0.02)
    heard: list[Delta] = []
    with pytest.raises(ReplyCut):
        await ask(drun, patience=replace(QUICK, total_s=0.5), heard=heard)
    assert text_of(heard).startswith("on and ")
    assert len(drun.requests) == 1


async def test_the_time_of_a_whole_answer_counts_over_all_attempts(drun: DrunDouble) -> None:
    drun.reply = Script("never", thoughts=["hm "] * 1000, delay_s=0.02)
    with pytest.raises(ReplyCut):
        await ask(drun, patience=replace(QUICK, total_s=0.5))
    assert len(drun.requests) == 1
