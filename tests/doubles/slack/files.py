from dataclasses import dataclass, field

from aiohttp import web

from tests.doubles.slack.errors import SlackError
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
class Upload:
    """A file that the app has announced, and may have brought."""

    name: str
    length: int
    data: bytes | None = None


@dataclass(slots=True)
class Files:
    """Shared files, behind the same token as the Web API."""

    stamps: Stamps
    base_url: str = ""
    reads: int = 0
    """How often a file was asked for."""
    _kept: dict[str, File] = field(default_factory=dict)
    _uploads: dict[str, Upload] = field(default_factory=dict)

    def kept(self, number: str) -> File:
        return self._kept[number]

    def announce(self, name: str, length: int) -> tuple[str, str]:
        """The id that a file is going to have, and the address to bring it to."""
        number = self.stamps.id("F")
        self._uploads[number] = Upload(name, length)
        return number, f"{self.base_url}/upload/v1/{number}"

    async def receive(self, request: web.Request) -> web.Response:
        """Slack: the bytes as they are, once and without a token; any status but 200 is a failure.

        Slack takes multipart forms as well, the double does not.
        """
        data = await request.read()
        upload = self._uploads.get(request.match_info["id"])
        if upload is None or upload.data is not None:
            return web.Response(status=404)
        if "Authorization" in request.headers or len(data) != upload.length:
            return web.Response(status=400)
        upload.data = data
        return web.Response(text=f"OK - {len(data)}")

    def finish(self, number: str, user: str) -> Json:
        """An upload becomes a file. Raises file_not_found where nothing was brought, or it is a file already."""
        upload = self._uploads.get(number)
        if upload is None or upload.data is None:
            raise SlackError("file_not_found")
        del self._uploads[number]
        return self._keep(number, File(upload.name, upload.data), user)

    def share(self, file: File, user: str) -> Json:
        """Keeps a file and describes it the way events do."""
        return self._keep(self.stamps.id("F"), file, user)

    def _keep(self, number: str, file: File, user: str) -> Json:
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
