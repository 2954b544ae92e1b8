"""The files that people send in Slack."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import yarl

from core.attachments import too_large
from core.conversation import Attachment
from core.errors import FileForbidden, FileLeftOut

_TIMEOUT_S = 60.0
_PIECE = 64 * 1024
_HOPS = 3
"""Redirects that are followed."""
_OK, _FORBIDDEN = 200, {401, 403}
_HTML = "text/html"
_REDIRECTS = {301, 302, 303, 307, 308}


def read_file(file: Mapping[str, Any]) -> Attachment:
    """A file of an event. Its address may be missing: of a file that was deleted, or of another workspace's."""
    name = str(file.get("name") or file.get("title") or file.get("id") or "")
    size = file.get("size")
    # url_private_download is the same file with a header for browsers; snippets and posts have both.
    address = str(file.get("url_private_download") or file.get("url_private") or "")
    return Attachment.of(name, str(file.get("mimetype") or ""), size if isinstance(size, int) else 0, address)


@dataclass(frozen=True, slots=True)
class SlackFiles:
    """Reads files by ``token``, which needs the scope files:read, and goes nowhere but to Slack."""

    session: aiohttp.ClientSession
    api_url: str
    token: str

    async def read(self, attachment: Attachment, *, most: int) -> bytes:
        """Raises FileLeftOut."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await self._follow(attachment, most)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise FileLeftOut(type(error).__name__, name=attachment.name) from error

    async def _follow(self, attachment: Attachment, most: int) -> bytes:
        url = yarl.URL(attachment.ref)
        for _ in range(1 + _HOPS):
            if url.host is None or not self._ours(url):
                # Slack: without the scope a file's address may lead to the workspace's sign-in page.
                signs_in = (url.host or "").endswith((".slack.com", ".slack-gov.com"))
                kind = FileForbidden if signs_in else FileLeftOut
                raise kind(f"{url.host} is no host of Slack's files", name=attachment.name)
            async with self.session.get(
                url,
                headers={"Authorization": f"Bearer {self.token}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            ) as response:
                if response.status in _REDIRECTS:
                    url = url.join(yarl.URL(response.headers.get("Location", "")))
                    continue
                return await self._content(attachment, response, most)
        raise FileLeftOut("it leads nowhere", name=attachment.name)

    def _ours(self, url: yarl.URL) -> bool:
        """Files are at files.slack.com, or, with a Slack of another address, at its side."""
        api = yarl.URL(self.api_url)
        return url.origin() in {api.origin(), api.with_host(f"files.{api.host}").origin()}

    async def _content(self, attachment: Attachment, response: aiohttp.ClientResponse, most: int) -> bytes:
        if response.status in _FORBIDDEN:
            raise FileForbidden(f"HTTP {response.status}", name=attachment.name)
        if response.status != _OK:
            raise FileLeftOut(f"HTTP {response.status}", name=attachment.name)
        sign_in = response.content_type == _HTML
        if sign_in and attachment.media_type != _HTML:
            # Slack: a token without files:read is answered with 200 and a page to sign in at.
            raise FileForbidden("a page instead of the file", name=attachment.name)
        data = bytearray()
        async for piece in response.content.iter_chunked(_PIECE):
            data += piece
            if len(data) > most:
                raise too_large(attachment, most)
        if sign_in and len(data) != attachment.size:
            raise FileForbidden("another page than the file", name=attachment.name)
        return bytes(data)
