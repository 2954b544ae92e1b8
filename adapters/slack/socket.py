"""Slack's Socket Mode: the socket through which events and commands come."""

from time import time
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

_PING_S = 5.0
"""A socket that was cut off without a word is noticed within this time (the SDK's default is twice that).
It is also the pause after a failed handshake."""


def socket(app: AsyncApp, client: AsyncWebClient, app_token: str) -> SocketModeClient:
    """A socket for ``app``, not connected yet; it acks what ``app`` answers with 200."""
    made = SocketModeClient(app_token, web_client=client, ping_interval=_PING_S)

    async def hear(socket: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        began = time()
        await send_async_response(socket, request, await run_async_bolt_app(app, request), began)

    async def used(_: Any, __: Any, ___: Any) -> None:
        # Slack admits one handshake to an address, successful or not; slack_sdk 3.47 tries the same one for ever.
        made.wss_uri = None

    made.socket_mode_request_listeners.append(hear)
    handshakes = aiohttp.TraceConfig()
    handshakes.on_request_start.append(used)
    handshakes.freeze()
    made.aiohttp_client_session.trace_configs.append(handshakes)
    return made
