from dataclasses import dataclass, field

from aiohttp import web

from tests.doubles.slack.identity import Stamps
from tests.doubles.slack.model import Json


@dataclass(frozen=True, slots=True)
class File:
    """A file a person shares."""

    name: str
    data: bytes
    mimetype: str = "text/plain"
    claims: int | None = None
    """The size that its description gives; None: the true one."""


@dataclass(slots=True)
class Files:
    """Shared files, behind the same token as the Web API."""

    stamps: Stamps
    base_url: str = ""
    reads: int = 0
    """How often a file was asked for."""
    _kept: dict[str, File] = field(default_factory=dict)

    def share(self, file: File, user: str) -> Json:
        """Keeps a file and describes it the way events do."""
        number = self.stamps.id("F")
        self._kept[number] = file
        url = f"{self.base_url}/files/{number}/{file.name}"
        return {
            "id": number,
            "name": file.name,
            "title": file.name,
            "mimetype": file.mimetype,
            "filetype": file.name.rpartition(".")[2],
            "size": len(file.data) if file.claims is None else file.claims,
            "user": user,
            "mode": "hosted",
            "url_private": url,
            "url_private_download": url,
            "file_access": "visible",
        }

    def serve(self, request: web.Request, *, allowed: bool) -> web.Response:
        """Slack: without a token that may read files, the answer is 200 and a login page."""
        self.reads += 1
        file = self._kept.get(request.match_info["id"])
        if file is None:
            return web.Response(status=404)
        if not allowed:
            return web.Response(
                text="<!DOCTYPE html><html><title>Sign in</title></html>", content_type="text/html"
            )
        return web.Response(body=file.data, content_type=file.mimetype)
