"""The core's commands as Slack's slash commands."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from adapters.slack.folding import said
from adapters.slack.markup import escaped, inert
from adapters.slack.questions import Questions
from core.commands.command import Answer, Call
from core.commands.listed import COMMANDS
from core.commands.running import run as run_command
from core.conversation import Channel, Conversation
from core.inbox import Inbox
from core.people import Person
from core.texts import language_of
from core.words import first_of, plain

_AT_ONCE_S = 2.0
"""Slack tells people that a command failed when it is not acked within 3 seconds."""


class Workspace(Protocol):
    """What a command needs of adapters.slack.app.Slack."""

    @property
    def inbox(self) -> Inbox: ...

    def spelled(self, command: str, conversation: Conversation) -> str: ...

    async def person(self, author: str, channel: Channel) -> Person: ...


@dataclass(frozen=True, slots=True)
class SlashCommands:
    """Runs what people give as ``/drun <word> ...``, or as a slash command of its own."""

    slack: Workspace
    questions: Questions

    async def run(
        self,
        ack: Callable[..., Awaitable[Any]],
        respond: Callable[..., Awaitable[Any]],
        body: Mapping[str, Any],
    ) -> None:
        name, argument = typed(body["command"].removeprefix("/"), body.get("text") or "")
        conversation = Conversation(Channel("slack", body["team_id"], body["channel_id"]))
        language = language_of(argument, self.slack.inbox.language)
        call = Call(
            conversation,
            name,
            argument,
            language,
            spell=lambda each: self.slack.spelled(each, conversation),
            author=body["user_id"],
        )
        running = asyncio.create_task(self._obey(call, body.get("user_name") or ""))
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

    async def _obey(self, call: Call, name: str) -> Answer:
        """``name`` is what Slack calls whoever gave the command, should it tell nothing better."""
        answer = await run_command(self.slack.inbox.desk, call)
        if answer.asks is None:
            return answer
        person = await self.slack.person(call.author, call.conversation.channel)
        return await self.questions.put(call, answer, person.name or name)


def typed(command: str, text: str) -> tuple[str, str]:
    """Name and argument of a slash command: ``/model x``, or ``/drun model x`` for any of them."""
    if command in COMMANDS:
        return command, text.strip()
    name, argument = first_of(text)
    return plain(name).lstrip("/") or "help", argument.strip()
