"""The core's commands as Slack's slash commands."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from adapters.slack.folding import said
from adapters.slack.markup import escaped, inert
from adapters.slack.names import Names
from adapters.slack.questions import Questions
from adapters.slack.uploads import Uploads
from core.commands.command import Answer, Call
from core.commands.running import run as run_command
from core.conversation import Channel, Conversation
from core.inbox import Inbox
from core.people import Person
from core.speaking import own_language, told_by
from core.texts import Text, language_of

_AT_ONCE_S = 2.0
"""Slack tells people that a command failed when it is not acked within 3 seconds."""


class Workspace(Protocol):
    """What a command needs of adapters.slack.app.Slack."""

    @property
    def inbox(self) -> Inbox: ...

    @property
    def names(self) -> Names: ...

    def spelled(self, command: str, conversation: Conversation) -> str: ...

    async def person(self, author: str, channel: Channel) -> Person: ...


@dataclass(frozen=True, slots=True)
class SlashCommands:
    """Runs what people give as ``/drun <word> ...``, or as a slash command of its own."""

    slack: Workspace
    questions: Questions
    uploads: Uploads

    async def run(
        self,
        ack: Callable[..., Awaitable[Any]],
        respond: Callable[..., Awaitable[Any]],
        body: Mapping[str, Any],
    ) -> None:
        text = body.get("text") or ""
        name, argument = self.slack.names.typed(body["command"].removeprefix("/"), text)
        conversation = Conversation(Channel("slack", body["team_id"], body["channel_id"]))
        call = Call(
            conversation,
            name,
            argument,
            language_of(text, self.slack.inbox.language),
            spell=lambda each: self.slack.spelled(each, conversation),
            author=body["user_id"],
        )
        running = asyncio.create_task(self._obey(call, text, body.get("user_name") or ""))
        done, _ = await asyncio.wait({running}, timeout=_AT_ONCE_S)
        if not done:
            await ack()
        answer = await running
        if not answer.text:
            if done:
                await ack()
            return
        # What people have written is quoted in it: a value that was changed, a word that is none.
        shown = said(replace(answer, text=inert(answer.text)))
        await (ack if done else respond)(
            text=escaped(answer.text),
            blocks=[{"type": "markdown", "text": shown}],
            response_type="in_channel" if answer.public else "ephemeral",
        )

    async def _obey(self, call: Call, text: str, name: str) -> Answer:
        """``text`` is what was written; ``name`` what Slack calls whoever gave the command, should it tell nothing better."""
        channel = call.conversation.channel
        if self.slack.inbox.language == "auto" and told_by(text, command=True) is None:
            call = replace(call, language=await own_language(call.author, channel, self.slack))
        answer = await run_command(self.slack.inbox.desk, call)
        if answer.asks is None:
            return await self._handed(call, answer)
        person = await self.slack.person(call.author, channel)
        return await self.questions.put(call, answer, person.name or name)

    async def _handed(self, call: Call, answer: Answer) -> Answer:
        """``answer``, its attachment sent as a file where a part of that is nothing."""
        attached = answer.attached
        if attached is None or not attached.instead or not await self.uploads.hand(call.author, attached):
            return answer
        sent = _SENT.say(call.language, name=attached.name)
        return replace(answer, text=f"{answer.text}\n\n{sent}", attached=None)


_SENT = Text(
    "It is in your direct messages with me, as the file `{name}`.", "已作为文件 `{name}` 发到您与我的私信中。"
)
