"""Slack's SDK hears every envelope in a task of its own: the order of a conversation is kept all the same."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.app import Slack
from adapters.slack.files import SlackFiles
from adapters.slack.people import SlackPeople
from core.conversation import UserMessage
from core.inbox import Inbox
from core.store.claims import Accepted


@dataclass(slots=True)
class SlowInbox:
    """Takes the first message in only when it may; others at once."""

    may: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[str] = field(default_factory=list)

    async def accept(self, message: UserMessage) -> Accepted:
        self.begun.append(message.text)
        if len(self.begun) == 1:
            await self.may.wait()
        return Accepted(new=True)


def event(text: str, channel: str) -> dict[str, Any]:
    said = {
        "type": "message",
        "channel_type": "im",
        "channel": channel,
        "user": "U1",
        "ts": text,
        "text": text,
    }
    return {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{text}", "event": said}


async def test_a_message_is_taken_in_after_the_one_before_it_in_its_conversation() -> None:
    inbox = SlowInbox()
    me = AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U0")
    files = cast("SlackFiles", None)  # nobody sends any
    people = SlackPeople(AsyncWebClient(), me)
    slack = Slack(AsyncWebClient(), "xapp-order", cast("Inbox", inbox), me, "Acme", "bot", files, people)

    async def acked() -> str:
        return "ok"

    async with asyncio.timeout(5), asyncio.TaskGroup() as heard:
        heard.create_task(slack._take_in(event("1", "D1"), acked))
        second = heard.create_task(slack._take_in(event("2", "D1"), acked))
        await heard.create_task(slack._take_in(event("3", "D2"), acked))
        assert inbox.begun == ["1", "3"], "another conversation does not wait"
        assert not second.done()
        inbox.may.set()
    assert inbox.begun == ["1", "3", "2"]
