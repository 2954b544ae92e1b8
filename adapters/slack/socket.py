"""Slack's Socket Mode: the socket through which events and commands come."""

import asyncio
from time import time

from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

_PING_S = 5.0
"""A socket that was cut off without a word is noticed within this time (the SDK's default is twice that)."""
_ATTEMPT_S = 8.0
"""Longer than the pause of _PING_S after a failed handshake, so that a slow one is not given up too early."""


class Socket(SocketModeClient):
    """The SDK's client, which asks for a new address when connecting failed.

    Slack admits one handshake to an address, successful or not. slack_sdk 3.47 tries the same one for ever.
    """

    async def connect(self) -> None:
        while not self.closed:
            try:
                async with asyncio.timeout(_ATTEMPT_S):
                    await super().connect()  # type: ignore[no-untyped-call] # slack_sdk's is not typed
            except TimeoutError:
                self.wss_uri = None
            else:
                return


def socket(app: AsyncApp, client: AsyncWebClient, app_token: str) -> Socket:
    """A socket for ``app``, not connected yet; it acks what ``app`` answers with 200."""

    async def hear(socket: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        began = time()
        await send_async_response(socket, request, await run_async_bolt_app(app, request), began)

    made = Socket(app_token, web_client=client, ping_interval=_PING_S)
    made.socket_mode_request_listeners.append(hear)
    return made
