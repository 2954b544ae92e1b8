"""The HTTP server around the API: the page's files, the guard, signing in, and errors as sentences."""

from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from string import Template
from time import time

import structlog
from aiohttp import hdrs, web

from adapters.web import refusals
from adapters.web.api import Api, answer, language_of
from adapters.web.guard import COOKIE, SESSION_S, Guard
from adapters.web.people import Visitor
from adapters.web.refusals import Refusal
from adapters.web.settings import Settings
from adapters.web.stream import Streams
from core.errors import ChatError, StoreUnavailable
from core.inbox import Inbox
from core.texts import Text

LARGEST_BODY = 256 * 1024
_ALWAYS = {"/healthz", "/readyz"}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "drun-chat",
}
_SIGN_IN = {
    "title": Text("Sign in", "登录"),
    "label": Text("Token", "令牌"),
    "hint": Text("The value of WEB_TOKEN.", "即 WEB_TOKEN 的值。"),
    "button": Text("Sign in", "登录"),
}
_HTTP = {
    403: refusals.NOT_THE_PAGE,
    404: refusals.NOTHING_HERE,
    405: refusals.WRONG_METHOD,
    413: refusals.BODY_TOO_LARGE,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger()


class Site:
    """Everything one server says. ``application`` is what aiohttp runs."""

    def __init__(self, settings: Settings, inbox: Inbox, visitor: Visitor) -> None:
        self._inbox = inbox
        self._visitor = visitor
        self._guard = Guard(settings)
        self._streams = Streams(inbox.journals)
        self._files = _page_files()
        self.application = web.Application(
            middlewares=[self._in_sentences, self._guarded],
            client_max_size=LARGEST_BODY,
        )
        self.application.on_response_prepare.append(_add_headers)
        self.application.on_shutdown.append(self._end_streams)
        self.application.add_routes([web.get("/healthz", self._health), web.get("/readyz", self._ready)])
        if settings.page:
            self.application.add_routes(self._page_routes())

    def _page_routes(self) -> list[web.RouteDef]:
        names = [name for name in self._files if not name.endswith(".html")]
        return [
            web.get("/", self._page),
            web.get("/sign-in", self._ask_for_token),
            web.post("/sign-in", self._sign_in),
            *(web.get(f"/{name}", self._file) for name in names),
            *Api(self._inbox, self._streams, self._visitor).routes(),
        ]

    @web.middleware
    async def _in_sentences(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """No error reaches a person as anything but a sentence, and none says more than it should."""
        language = language_of(request, self._inbox)
        try:
            return await handler(request)
        except Refusal as refused:
            status, sentence = refused.status, refused.text.say(language)
        except ChatError as error:
            log.warning("a request of the page failed", path=request.path, reason=str(error))
            status, sentence = 503, error.notice(language)
        except web.HTTPError as error:
            status, sentence = error.status, _HTTP.get(error.status, refusals.NOT_JSON).say(language)
        except web.HTTPException:
            raise  # a redirect
        except Exception:
            log.exception("a request of the page failed in a way nobody foresaw", path=request.path)
            status, sentence = 500, ChatError.text.say(language)
        return answer({"error": sentence}, status=status)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in _ALWAYS:
            return await handler(request)
        signing_in = request.path == "/sign-in"
        self._guard.check(request.method, request.headers, form=signing_in)
        open_to_all = signing_in or request.path.removeprefix("/") in self._files
        if self._guard.asks and not open_to_all and not self._signed_in(request):
            if request.path == "/":
                raise web.HTTPSeeOther("/sign-in")
            raise Refusal(401, refusals.SIGN_IN_FIRST)
        return await handler(request)

    def _signed_in(self, request: web.Request) -> bool:
        return self._guard.knows(request.cookies.get(COOKIE, ""), time())

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _ready(self, request: web.Request) -> web.Response:
        try:
            await self._inbox.desk.turns.settled_partitions()
        except StoreUnavailable as error:
            return web.Response(text=error.notice("en"), status=503)
        return web.Response(text="ok")

    async def _page(self, request: web.Request) -> web.Response:
        return self._sent("index.html")

    async def _file(self, request: web.Request) -> web.Response:
        return self._sent(request.path.removeprefix("/"))

    def _sent(self, name: str) -> web.Response:
        kind = _TYPES[name[name.rindex(".") :]]
        return web.Response(body=self._files[name], content_type=kind, charset="utf-8")

    async def _ask_for_token(self, request: web.Request) -> web.Response:
        return self._sign_in_page(request)

    async def _sign_in(self, request: web.Request) -> web.Response:
        if not self._guard.asks:
            raise web.HTTPSeeOther("/")
        form = await request.post()
        if not self._guard.is_token(str(form.get("token", "")).strip()):
            return self._sign_in_page(request, refusals.WRONG_TOKEN, status=401)
        response = web.Response(status=303, headers={"Location": "/"})
        secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        response.set_cookie(
            COOKIE,
            self._guard.session(time()),
            max_age=SESSION_S,
            httponly=True,
            secure=secure,
            samesite="Strict",
        )
        return response

    def _sign_in_page(
        self, request: web.Request, notice: Text | None = None, *, status: int = 200
    ) -> web.Response:
        language = language_of(request, self._inbox)
        words = {name: text.say(language) for name, text in _SIGN_IN.items()}
        html = Template(self._files["sign-in.html"].decode()).substitute(
            words, lang="zh-CN" if language == "zh" else "en", notice=notice.say(language) if notice else ""
        )
        # Under no-referrer a browser sends a form with "Origin: null", which the guard refuses.
        referrer = {"Referrer-Policy": "same-origin"}
        return web.Response(text=html, content_type="text/html", status=status, headers=referrer)

    async def _end_streams(self, application: web.Application) -> None:
        self._streams.end()


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        if name == hdrs.SERVER:
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)


def _page_files() -> Mapping[str, bytes]:
    folder = resources.files("adapters.web") / "page"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.endswith(tuple(_TYPES))}
