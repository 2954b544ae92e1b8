import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.doubles.slack.content import Args, read
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.identity import Stamps
from tests.doubles.slack.model import Json
from tests.doubles.slack.watch import Watch

# Slack: a response_url is good for 5 posts in 30 minutes, a trigger_id for one use in 3 seconds.
HOOK_USES = 5
HOOK_S = 1_800.0
TRIGGER_S = 3.0


@dataclass(slots=True)
class Hook:
    """One response_url: what was posted to it, and what a post does."""

    expires: float
    show: Callable[[Json], None]
    posts: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Hooks:
    """The response_urls and trigger_ids that the workspace gave out."""

    stamps: Stamps
    watch: Watch
    trigger_s: float = TRIGGER_S
    hook_s: float = HOOK_S
    base_url: str = ""
    _hooks: dict[str, Hook] = field(default_factory=dict)
    _triggers: dict[str, tuple[float, str]] = field(default_factory=dict)
    _exchanged: set[str] = field(default_factory=set)

    def response_url(self, show: Callable[[Json], None]) -> tuple[str, list[Json]]:
        """An address for later answers, and the list in which they arrive."""
        name = f"{self.stamps.number('hook')}"
        hook = self._hooks[name] = Hook(time.monotonic() + self.hook_s, show)
        return f"{self.base_url}/response/{name}", hook.posts

    def trigger_id(self, user: str) -> str:
        trigger = f"{self.stamps.number('trigger')}.{time.monotonic_ns()}.double"
        self._triggers[trigger] = (time.monotonic() + self.trigger_s, user)
        return trigger

    def exchange(self, trigger: str) -> str:
        """The person whose act the trigger_id stands for.

        Raises invalid_trigger_id, exchanged_trigger_id, expired_trigger_id.
        """
        if trigger not in self._triggers:
            raise SlackError("invalid_trigger_id")
        if trigger in self._exchanged:
            raise SlackError("exchanged_trigger_id")
        expires, user = self._triggers[trigger]
        if time.monotonic() >= expires:
            raise SlackError("expired_trigger_id")
        self._exchanged.add(trigger)
        return user

    async def serve(self, request: web.Request) -> web.Response:
        body: Json = await request.json()
        try:
            hook = self._usable(request.match_info["name"])
            if not body.get("delete_original"):
                read(Args(body))
        except SlackError as error:
            return web.json_response(error.body, status=404 if error.code.endswith("_url") else 400)
        hook.posts.append(body)
        hook.show(body)
        self.watch.notify()
        return web.Response(text="ok")

    def _usable(self, name: str) -> Hook:
        """Raises expired_url, used_url."""
        hook = self._hooks.get(name)
        if hook is None or time.monotonic() >= hook.expires:
            raise SlackError("expired_url")
        if len(hook.posts) >= HOOK_USES:
            raise SlackError("used_url")
        return hook
