"""What lies between us and d.run: redirects, certificates, proxies."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from core.drun.endpoints import Deployment, Endpoint
from core.errors import ModelUnavailable, NotServed
from tests.core.drun.talk import ONCE, ask, maas, model_client, text_of
from tests.doubles.drun.script import Script
from tests.doubles.drun.server import DrunDouble

ANSWER = b'{"choices":[{"message":{"content":"Safe."},"finish_reason":"stop"}],"data":[{"id":"public/a"}]}'


@asynccontextmanager
async def serving(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None = None
) -> AsyncGenerator[str, None]:
    """A server that gives everything to ``handler``; its host and port."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    try:
        await web.TCPSite(runner, "localhost", 0, ssl_context=tls).start()
        yield f"localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(
    drun: DrunDouble, status: int
) -> None:
    async def elsewhere(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": f"{drun.maas_url}/chat/completions"})

    async with serving(elsewhere) as there, model_client(ONCE) as client:
        endpoint = Endpoint(Deployment.MAAS, f"http://{there}/v1", drun.key)
        with pytest.raises(NotServed, match=f"HTTP {status} redirects to <address>"):
            await ask(drun, endpoint=endpoint, patience=ONCE)
        with pytest.raises(NotServed, match=f"HTTP {status} redirects to <address>"):
            await client.models(endpoint)
    assert drun.requests == []
    assert drun.listings == []


@pytest.fixture
def tls() -> tuple[trustme.CA, ssl.SSLContext]:
    """An authority that nobody knows, and a server's certificate of it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return authority, context


async def _safe(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=ANSWER, content_type="application/json")


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    drun: DrunDouble, tls: tuple[trustme.CA, ssl.SSLContext]
) -> None:
    async with serving(_safe, tls[1]) as there, model_client(ONCE) as client:
        endpoint = Endpoint(Deployment.MAAS, f"https://{there}/v1", drun.key)
        with pytest.raises(ModelUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            await ask(drun, endpoint=endpoint, patience=ONCE)
        with pytest.raises(ModelUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            await client.models(endpoint)


async def test_an_authority_of_the_environment_is_believed(
    drun: DrunDouble,
    tls: tuple[trustme.CA, ssl.SSLContext],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls[0].cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with serving(_safe, tls[1]) as there:
        endpoint = Endpoint(Deployment.MAAS, f"https://{there}/v1", drun.key)
        assert text_of(await ask(drun, endpoint=endpoint, patience=ONCE)) == "Safe."


@asynccontextmanager
async def proxy(asked: list[str]) -> AsyncGenerator[str, None]:
    """A proxy for plain HTTP; it keeps the addresses that it was asked for."""

    async def forward(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(str(request.raw_path))
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, request.raw_path, data=await request.read(), headers=request.headers
            ) as found,
        ):
            return web.Response(
                status=found.status, body=await found.read(), headers={"Content-Type": found.content_type}
            )

    async with serving(forward) as there:
        yield f"http://{there}"


async def test_the_proxy_of_the_environment_is_used(
    drun: DrunDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    drun.reply = Script("Through a proxy.")
    async with proxy(asked) as address:
        monkeypatch.setenv("HTTP_PROXY", address)
        assert text_of(await ask(drun)) == "Through a proxy."
        async with model_client(ONCE) as client:
            await client.models(maas(drun))
    assert asked == [f"{drun.maas_url}/chat/completions", f"{drun.maas_url}/models"]


async def test_an_address_that_the_environment_excepts_is_asked_directly(
    drun: DrunDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    drun.reply = Script("Directly.")
    async with proxy(asked) as address:
        monkeypatch.setenv("HTTP_PROXY", address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert text_of(await ask(drun)) == "Directly."
    assert asked == []


async def test_a_proxy_that_is_away_is_a_model_out_of_reach(
    drun: DrunDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(ModelUnavailable):
        await ask(drun, patience=ONCE)
    assert drun.requests == []


@dataclass(slots=True)
class Tunnels:
    """A proxy for HTTPS, as RFC 9110 has it: it connects, and passes on bytes that it cannot read."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    """All that came to it, the tunnelled bytes included."""
    status: str = "200 Connection established"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heard += head
            method, place, _ = head.decode().split(" ", 2)
            self.asked.append(f"{method} {place}")
            writer.write(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
            if not self.status.startswith("200"):
                return
            host, _, port = place.rpartition(":")
            there, away = await asyncio.open_connection(host, int(port))
            async with closing(away):
                ways = self._pass(reader, away, self.heard), self._pass(there, writer, bytearray())
                passing = [asyncio.create_task(way) for way in ways]
                await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
                for each in passing:
                    each.cancel()
                await asyncio.gather(*passing, return_exceptions=True)

    @staticmethod
    async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter, heard: bytearray) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                heard += data
                target.write(data)
                await target.drain()


@asynccontextmanager
async def closing(writer: asyncio.StreamWriter) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def tunnels(status: str = "200 Connection established") -> AsyncGenerator[Tunnels, None]:
    found, open_now = Tunnels(status=status), set[asyncio.Task[None]]()

    def opened(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(asyncio.create_task(found.serve(reader, writer)))

    async with await asyncio.start_server(opened, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        found.address = f"http://{host}:{port}"
        yield found
        for each in open_now:
            each.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


@pytest.fixture
async def behind_tls(
    tls: tuple[trustme.CA, ssl.SSLContext], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[str, None]:
    """A server with a certificate that is believed; its host and port."""
    tls[0].cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with serving(_safe, tls[1]) as there:
        yield there


async def test_https_goes_through_the_proxy_of_the_environment_in_a_tunnel_that_hides_the_key(
    drun: DrunDouble, behind_tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Endpoint(Deployment.MAAS, f"https://{behind_tls}/v1", drun.key)
    async with tunnels() as proxied:
        monkeypatch.setenv("HTTPS_PROXY", proxied.address)
        assert text_of(await ask(drun, endpoint=endpoint, patience=ONCE)) == "Safe."
        async with model_client(ONCE) as client:
            assert [each.id for each in await client.models(endpoint)] == ["public/a"]
    assert proxied.asked == [f"CONNECT {behind_tls}"] * 2
    assert len(proxied.heard) > 1000, "the questions went through it"
    assert drun.key.encode() not in proxied.heard


async def test_a_certificate_is_checked_through_a_tunnel_as_well(
    drun: DrunDouble, tls: tuple[trustme.CA, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(_safe, tls[1]) as there, tunnels() as proxied:
        monkeypatch.setenv("HTTPS_PROXY", proxied.address)
        endpoint = Endpoint(Deployment.MAAS, f"https://{there}/v1", drun.key)
        with pytest.raises(ModelUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            await ask(drun, endpoint=endpoint, patience=ONCE)
    assert proxied.asked == [f"CONNECT {there}"]
    assert drun.key.encode() not in proxied.heard


async def test_an_https_address_that_the_environment_excepts_is_asked_directly(
    drun: DrunDouble, behind_tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tunnels() as proxied:
        monkeypatch.setenv("HTTPS_PROXY", proxied.address)
        monkeypatch.setenv("NO_PROXY", "localhost")
        endpoint = Endpoint(Deployment.MAAS, f"https://{behind_tls}/v1", drun.key)
        assert text_of(await ask(drun, endpoint=endpoint, patience=ONCE)) == "Safe."
    assert proxied.asked == []


@pytest.mark.parametrize("status", ["502 Bad Gateway", "407 Proxy Authentication Required"])
async def test_a_proxy_that_lets_nobody_through_is_a_model_out_of_reach(
    drun: DrunDouble, behind_tls: str, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    async with tunnels(status) as proxied:
        monkeypatch.setenv("HTTPS_PROXY", proxied.address)
        endpoint = Endpoint(Deployment.MAAS, f"https://{behind_tls}/v1", drun.key)
        with pytest.raises(ModelUnavailable, match=status.split(maxsplit=1)[0]):
            await ask(drun, endpoint=endpoint, patience=ONCE)
    assert proxied.asked == [f"CONNECT {behind_tls}"]
