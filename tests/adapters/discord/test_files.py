"""Discord's files are read from its CDN, without a token, and no further than they may be large."""

from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest

from adapters.discord.files import DiscordFiles
from core.conversation import Attachment
from core.errors import FileLeftOut, FileTooLarge
from tests.adapters.file_hosts import FileHost, file_host

MOST = 1_000_000


@pytest.fixture
async def cdn() -> AsyncIterator[FileHost]:
    async with file_host() as host:
        yield host


async def read(host: FileHost, path: str, *, ref: str = "1 2 3 ") -> bytes:
    where = path if "://" in path else host.url + path
    async with aiohttp.ClientSession() as session:
        client = discord.Client(intents=discord.Intents.none())
        files = DiscordFiles(session, client, f"{host.url}/api/v10")
        return await files.read(Attachment.of("a.txt", "", 8, ref + where), most=MOST)


async def test_a_file_is_read_without_a_token(cdn: FileHost) -> None:
    assert await read(cdn, "/file") == b"the file"
    assert cdn.tokens == [""]


async def test_no_redirect_is_followed_and_no_other_host_is_asked(cdn: FileHost) -> None:
    async with file_host() as other:
        cdn.elsewhere = f"{other.url}/file"
        for path in ("/away", "/near", f"{other.url}/file", "http://cdn.discordapp.com.evil.example/x"):
            with pytest.raises(FileLeftOut):
                await read(cdn, path)
        assert other.tokens == []


async def test_a_file_that_says_it_is_small_is_read_no_further_than_it_may_be(cdn: FileHost) -> None:
    with pytest.raises(FileTooLarge):
        await read(cdn, "/endless")
    assert cdn.endless < 50_000_000


@pytest.mark.parametrize("path", ["/broken", "file:///etc/passwd", "http://127.0.0.1:1/x", "http://["])
async def test_whatever_else_goes_wrong_is_one_error(cdn: FileHost, path: str) -> None:
    with pytest.raises(FileLeftOut):
        await read(cdn, path)


async def test_what_another_version_wrote_is_one_error(cdn: FileHost) -> None:
    with pytest.raises(FileLeftOut):
        await read(cdn, "/file", ref="")
