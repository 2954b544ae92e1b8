"""What is set reaches who has to know it, through the program as it is put together."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager

import anyio
import pytest
from redis.asyncio import Redis

from bots.ask import ask
from bots.compose import House, house
from bots.configuration import configure
from bots.drun_settings import DrunSettings
from bots.models import Models, models, shared_models
from bots.reading import given, read
from core.admission import Admission
from core.conversation import Message
from core.drun.calls import ChatRequest
from core.errors import ModelBusy, ModelUnavailable
from core.store.connection import Connections
from tests.bots.settings_of import of_drun
from tests.doubles.drun import refusals
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.doubles.slack.files import File
from tests.doubles.slack.server import SlackDouble
from tests.journeys.running import running
from tests.journeys.stages import SlackStage
from tests.pictures import picture

V3 = "public/deepseek-v3"
QWEN = "u-1100a15812cc/qwen2"


def settings_of(drun: DrunDouble, **more: str) -> DrunSettings:
    found, problems = read(DrunSettings, given({**of_drun(drun), **more}))
    assert found is not None, problems
    return found


@asynccontextmanager
async def built(redis_url: str, drun: DrunDouble, settings: Mapping[str, str]) -> AsyncGenerator[House, None]:
    environment = {**of_drun(drun), "REDIS_URL": redis_url, "WEB_PORT": "0", **settings}
    async with house(configure([], environment)) as found:
        yield found


async def asked(found: Models, model: str = V3) -> str:
    """What ``model`` says to one question."""
    request = ChatRequest(model, [Message("user", "hello")])
    endpoint = (await found.catalog.find(model)).endpoint
    async with aclosing(found.client.stream(endpoint, request)) as deltas:
        return "".join([delta.text async for delta in deltas])


async def test_drun_fallback_off_keeps_the_other_deployment_from_answering(drun: DrunDouble) -> None:
    drun.maas.models.append("public/qwen2.5-7b")
    drun.answer_as(QWEN, refusals.broken())
    same = {"DRUN_SERVICE_MODELS": f"{QWEN}=Qwen2.5-7B-Instruct=public/qwen2.5-7b", "DRUN_MAX_RETRIES": "0"}
    with pytest.raises(ModelUnavailable):
        await ask(settings_of(drun, **same, DRUN_FALLBACK="off"), "hello?", QWEN)
    assert {call.model for call in drun.requests} == {QWEN}


async def test_drun_context_tokens_is_the_window(drun: DrunDouble) -> None:
    async with models(settings_of(drun, DRUN_CONTEXT_TOKENS=f"777,{V3}=1234")) as found:
        assert (await found.catalog.find(V3)).window == 1234
        assert (await found.catalog.find(QWEN)).window == 777


@pytest.mark.parametrize(("ttl_s", "again"), [("3600", False), ("600", True)])
async def test_drun_models_ttl_s_is_how_long_a_list_is_believed(
    connections: Connections, redis_url: str, drun: DrunDouble, ttl_s: str, again: bool
) -> None:
    settings = settings_of(drun, DRUN_MODELS_TTL_S=ttl_s)
    async with shared_models(settings, connections, Admission()) as first:
        await first.catalog.reread()
    before = len(drun.listings)
    async with Redis.from_url(redis_url) as redis:
        names = [name async for name in redis.scan_iter("*catalog*")]
        assert len(names) == 2
        for name in names:
            # A shelf tells age by what is left of a key's life: the list is now 1000 seconds old.
            await redis.pexpire(name, await redis.pttl(name) - 1_000_000)
    async with shared_models(settings, connections, Admission()) as second:
        # An old list serves at once, and is read again beside.
        assert await second.catalog.all()
        try:
            await drun.until(lambda: len(drun.listings) > before, timeout=10.0 if again else 0.5)
        except TimeoutError:
            assert not again
        else:
            assert again


async def test_drun_rpm_holds_a_second_question_back(redis_url: str, drun: DrunDouble) -> None:
    limits = {"DRUN_RPM": "1", "DRUN_TOTAL_TIMEOUT_S": "1"}
    async with built(redis_url, drun, limits) as there:
        drun.reply_with("Fine.")
        assert await asked(there.models) == "Fine."
        with pytest.raises(ModelBusy):
            await asked(there.models)
        assert await asked(there.models, QWEN) == "Fine.", "a Model Service is its owner's alone"
    assert [call.model for call in drun.requests] == [V3, QWEN]


async def test_drun_max_concurrency_lets_one_question_go_after_the_other(
    redis_url: str, drun: DrunDouble
) -> None:
    first, said = Script("One.", gated=True), []
    drun.script(first, Script("Two."))
    async with (
        built(redis_url, drun, {"DRUN_MAX_CONCURRENCY": "1"}) as there,
        anyio.create_task_group() as group,
    ):

        async def question() -> None:
            said.append(await asked(there.models))

        group.start_soon(question)
        await drun.until(lambda: drun.in_flight == 1)
        group.start_soon(question)
        with pytest.raises(TimeoutError):
            await drun.until(lambda: len(drun.requests) > 1, timeout=0.5)
        await first.finish_up()
    assert said == ["One.", "Two."]
    assert drun.max_in_flight == 1


async def test_drun_send_images_off_keeps_pictures_from_a_model_that_sees(redis_url: str) -> None:
    seeing = "public/llama3.2-11b-vision"
    async with (
        DrunDouble(key="sk-journey-key-0123456789", maas_models=[seeing]) as drun,
        SlackDouble(bot_token="xoxb-wiring", app_token="xapp-wiring") as double,
    ):
        drun.sees(seeing)
        drun.reply_with("I cannot see it.")
        slack = SlackStage(double)
        dm = double.open_dm(slack.ada)
        settings = {"DRUN_DEFAULT_MODEL": seeing, "DRUN_SEND_IMAGES": "0"}
        async with running(redis_url, drun, slack, settings=settings):
            await dm.share(slack.ada, File("plan.png", picture(), "image/png"), text="what is it?")
            await slack.until(lambda: dm.messages[-1].text.startswith("I cannot see it."))
    assert drun.requests[-1].pictures == []
