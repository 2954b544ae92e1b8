"""The page as a person uses it, in Debian's Chromium."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from bots.run import Serving
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble
from tests.journeys.running import running
from tests.journeys.stages import WebStage

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",  # CI runs as root, where Chromium has no sandbox
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
ANSWER = """Redis keeps data **in memory**, so it answers within a millisecond. Three uses:

| use | type | command |
|---|---|---|
| cache | string | `SET key value EX 60` |
| queue | list | `LPUSH`, `BRPOP` |
| ranking | sorted set | `ZADD` |

```python
import redis

store = redis.Redis()
store.set("answer", 42, ex=60)
```

用完记得设置过期时间。"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt-get install chromium"),
]


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page(viewport={"width": 1200, "height": 800}, locale="en-US")
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        await browser.close()
        assert not wrong


async def test_a_question_is_answered_while_one_watches_and_is_there_after_a_reload(
    redis_url: str, page: Page, web: WebStage, drun: DrunDouble, tmp_path: Path
) -> None:
    script = Script(ANSWER, gated=True)
    drun.script(script)
    async with running(redis_url, drun, web) as up:
        await open_page(page, up)
        await page.keyboard.type("What is Redis good for?")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.user")).to_contain_text("What is Redis good for?")
        await script.release(6)
        await expect(page.locator(".message.bot[data-state=writing]")).to_contain_text(
            "Redis keeps data in memory,"
        )
        await expect(page.locator("#stop")).to_be_visible()
        await page.reload()
        await expect(page.locator(".message.bot[data-state=writing]")).to_contain_text(
            "Redis keeps data in memory,"
        )
        await script.finish_up()
        answer = page.locator(".message.bot[data-state=done]")
        await expect(answer.locator("table tr")).to_have_count(4)
        await expect(answer.locator("pre code")).to_contain_text('store.set("answer", 42, ex=60)')
        await expect(page.locator("#stop")).to_be_hidden()
        await page.screenshot(path=os.environ.get("PAGE_PICTURE") or tmp_path / "page.png")


async def test_a_question_that_waits_is_marked_until_its_answer_begins(
    redis_url: str, page: Page, web: WebStage, drun: DrunDouble
) -> None:
    script = Script("first answer", gated=True)
    drun.script(script)
    drun.answer_to("second question", Script("second answer"))
    waiting = page.locator(".message.user[data-state=waiting]")
    async with running(redis_url, drun, web) as up:
        await open_page(page, up)
        for question in ("first question", "second question"):
            await page.keyboard.type(question)
            await page.keyboard.press("Enter")
            await expect(page.locator(".message.user").last).to_contain_text(question)
        await expect(waiting).to_have_count(1)
        await expect(waiting).to_contain_text("second question")
        await expect(waiting.locator(".unseen")).to_have_text("You (waiting behind others):")
        # The mark is drawn by the style sheet: what is copied is the question alone.
        drawn = await waiting.locator(".body").evaluate("each => getComputedStyle(each, '::after').content")
        assert "⏳" in drawn
        await script.finish_up()
        await expect(page.locator(".message.bot").last).to_contain_text("second answer")
        await expect(waiting).to_have_count(0)


async def test_escape_stops_the_answer_and_the_box_keeps_the_focus(
    redis_url: str, page: Page, web: WebStage, drun: DrunDouble
) -> None:
    script = Script("one two three four", gated=True)
    drun.script(script)
    async with running(redis_url, drun, web) as up:
        await open_page(page, up)
        await page.keyboard.type("count")
        await page.keyboard.press("Enter")
        await script.release(2)
        await expect(page.locator(".message.bot")).to_contain_text("one two")
        await page.keyboard.press("Escape")
        await expect(page.locator(".message.bot[data-state=done]")).to_contain_text("Stopped.")
        await drun.until(lambda: drun.requests[-1].closed_early)
        await expect(page.locator("#message")).to_be_focused()


async def test_a_new_channel_has_a_history_and_a_model_of_its_own(
    redis_url: str, page: Page, web: WebStage, drun: DrunDouble
) -> None:
    drun.reply_with("Hello.")
    async with running(redis_url, drun, web) as up:
        await open_page(page, up)
        await page.keyboard.type("in general")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.bot[data-state=done]")).to_contain_text("Hello.")
        await page.locator("#new-channel").click()
        await page.locator("#channel-title").fill("other")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message")).to_have_count(0)
        await page.locator("#message").fill("/model deepseek-r1")
        await page.locator("#message").press("Enter")
        await expect(page.locator("#model")).to_contain_text("public/deepseek-r1")
        await page.locator("#message").fill("in other")
        await page.locator("#message").press("Enter")
        await expect(page.locator(".message.bot").last).to_contain_text("Hello.")
    assert [message["content"] for message in drun.requests[-1].messages[1:]] == ["in other"]
    assert drun.requests[-1].model == "public/deepseek-r1"


async def test_a_script_in_an_answer_is_shown_and_not_run(
    redis_url: str, page: Page, web: WebStage, drun: DrunDouble
) -> None:
    drun.reply_with(
        "<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\"> **bold**"
    )
    async with running(redis_url, drun, web) as up:
        await open_page(page, up)
        await page.keyboard.type("attack")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.bot[data-state=done] strong")).to_have_text("bold")
        assert await page.title() != "run"
        await expect(page.locator(".message.bot script, .message.bot img")).to_have_count(0)


async def test_a_command_is_completed_argument_by_argument(
    redis_url: str, page: Page, web: WebStage, drun: DrunDouble
) -> None:
    offered = page.locator("#choices [role=option] code")
    box = page.locator("#message")
    async with running(redis_url, drun, web) as up:
        await open_page(page, up)
        await box.press_sequentially("/sett")
        await expect(offered).to_have_text(["/settings"])
        await box.press("Tab")
        await expect(box).to_have_value("/settings ")
        await expect(offered.first).to_have_text("temperature")
        await box.press_sequentially("bu")
        await expect(offered.first).to_have_text("busy")
        await box.press("Tab")
        await expect(offered).to_have_text(["queue", "collect", "interrupt", "reset"])
        await box.press("ArrowDown")
        await box.press("ArrowDown")
        await box.press("Enter")
        await expect(box).to_have_value("/settings busy collect ")
        await expect(offered).to_have_text(["channel", "me", "workspace", "everywhere"])
        await box.press_sequentially("ch")
        await expect(offered).to_have_text(["channel"])
        await page.locator("#choices [role=option]").click()
        await expect(box).to_have_value("/settings busy collect channel")
        await expect(page.locator("#choices")).to_be_hidden()
        await box.press("Enter")
        await expect(page.get_by_text("was changed here")).to_be_visible()
        await box.press_sequentially("／model r1")
        await expect(offered).to_contain_text(["public/deepseek-r1"])
    assert drun.requests == []


async def open_page(page: Page, up: Serving) -> None:
    """Opens the page as far as a person would type into it."""
    await page.goto(up.heard["web"])
    await expect(page.locator("#model")).to_contain_text("public/deepseek-v3")
    await expect(page.locator("#message")).to_be_focused()
