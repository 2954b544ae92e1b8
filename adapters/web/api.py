"""What the page asks for. Every handler is called for somebody the guard has let in."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from adapters.web.channels import Channels
from adapters.web.events import AUTHOR, conversation_of, read_message, read_title
from adapters.web.people import Visitor
from adapters.web.stream import Streams
from adapters.web.surface import show_question
from adapters.web.transcript import journal_of
from core.commands.command import Call
from core.commands.listed import COMMANDS
from core.commands.model import current_model
from core.commands.running import complete_line
from core.inbox import Inbox
from core.texts import Language


class Api:
    """``/api/...`` of one server. Handlers raise Refusal and ChatError, which the server turns into sentences."""

    def __init__(self, inbox: Inbox, streams: Streams, visitor: Visitor) -> None:
        self._inbox = inbox
        self._visitor = visitor
        self._streams = streams
        self._channels = Channels(inbox.journals)

    def routes(self) -> list[web.RouteDef]:
        one = "/api/channels/{channel}"
        return [
            web.get("/api/channels", self._list),
            web.post("/api/channels", self._create),
            web.get(f"{one}/events", self._follow, allow_head=False),
            web.post(f"{one}/messages", self._accept),
            web.post(f"{one}/stop", self._stop),
            web.get(f"{one}/model", self._model),
            web.get("/api/commands", self._commands),
            web.get(f"{one}/complete", self._complete),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return answer({"channels": await self._channels.all()})

    async def _create(self, request: web.Request) -> web.Response:
        return answer(await self._channels.create(read_title(await request.read())), status=201)

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        return await self._streams.serve(request, await self._channel(request))

    async def _accept(self, request: web.Request) -> web.Response:
        message = read_message(await self._channel(request), await request.read())
        # Before it is a turn: a command that is written as text does not tell in which language it is to be answered.
        self._visitor.language = language_of(request, self._inbox)
        # Shown before it is accepted: a worker may answer at once, and a question stands before its answer.
        entry = await show_question(self._inbox.journals, message)
        accepted = await self._inbox.accept(message)
        if accepted.new:
            await self._channels.keep()
        elif not accepted.refused:  # what was refused stands above the sentence that says so
            journal = journal_of(message.conversation.channel.channel)
            await self._inbox.journals.remove(journal, [entry])
        return answer({"new": accepted.new, "ahead": accepted.ahead}, status=202)

    async def _stop(self, request: web.Request) -> web.Response:
        conversation = conversation_of(await self._channel(request))
        return answer({"stopping": await self._inbox.desk.turns.stop(conversation)})

    async def _model(self, request: web.Request) -> web.Response:
        where = conversation_of(await self._channel(request))
        choice, _ = await current_model(
            self._inbox.desk, Call(where, "model", "", language_of(request, self._inbox), author=AUTHOR)
        )
        return answer({"label": choice.model.label})

    async def _commands(self, request: web.Request) -> web.Response:
        language = language_of(request, self._inbox)
        listed = [
            {"name": each.name, "summary": each.summary.say(language), "arguments": len(each.arguments)}
            for each in COMMANDS.values()
        ]
        return answer({"commands": listed})

    async def _complete(self, request: web.Request) -> web.Response:
        asked = request.query
        name, text = asked.get("command", ""), asked.get("text", "")[:200]
        where = conversation_of(await self._channel(request))
        call = Call(where, name, text, language_of(request, self._inbox), author=AUTHOR)
        return answer({"choices": list(await complete_line(self._inbox.desk, call))})

    async def _channel(self, request: web.Request) -> str:
        return (await self._channels.find(request.match_info["channel"])).id


def answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", headers=headers
    )


def language_of(request: web.Request, inbox: Inbox) -> Language:
    """What the browser asks for, unless the operator chose; the page itself does the same."""
    if inbox.language != "auto":
        return inbox.language
    return "zh" if request.headers.get("Accept-Language", "").lower().startswith("zh") else "en"
