"""Hosts of files that behave badly."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(slots=True)
class FileHost:
    url: str = ""
    elsewhere: str = ""
    """Where `/away` redirects to."""
    endless: int = 0
    """Bytes that `/endless` has sent."""
    tokens: list[str] = field(default_factory=list)
    """The Authorization of every request; empty for one without."""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization", ""))
        match request.path:
            case "/away":
                return web.Response(status=302, headers={"Location": self.elsewhere})
            case "/near":
                return web.Response(status=302, headers={"Location": "/file"})
            case "/round":
                return web.Response(status=302, headers={"Location": "/round"})
            case "/endless":
                return await self._endless(request)
            case "/forbidden":
                return web.Response(status=403)
            case "/broken":
                return web.Response(status=500)
            case "/page":
                return web.Response(text="<!DOCTYPE html><html>x</html>", content_type="text/html")
        return web.Response(body=b"the file")

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        """No length is told, as with chunked answers."""
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while self.endless < 100_000_000:
                await response.write(b"x" * 65_536)
                self.endless += 65_536
        except ConnectionError:
            pass
        return response


@asynccontextmanager
async def file_host() -> AsyncGenerator[FileHost, None]:
    host = FileHost()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield host
    finally:
        await runner.cleanup()
