"""Slack's files are read from Slack, with the token, and no further than they may be large."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import yarl

from adapters.slack.files import SlackFiles, read_file
from core.conversation import Attachment
from core.errors import FileForbidden, FileLeftOut, FileTooLarge
from tests.adapters.file_hosts import FileHost, file_host

TOKEN = "xoxb-files"
MOST = 1_000_000


@pytest.fixture
async def slack() -> AsyncIterator[FileHost]:
    async with file_host() as host:
        yield host


async def read(host: FileHost, path: str, *, media_type: str = "text/plain", size: int = 8) -> bytes:
    where = path if "://" in path else host.url + path
    async with aiohttp.ClientSession() as session:
        files = SlackFiles(session, f"{host.url}/api/", TOKEN)
        return await files.read(Attachment.of("a.txt", media_type, size, where), most=MOST)


async def test_a_file_is_read_with_the_token(slack: FileHost) -> None:
    assert await read(slack, "/file") == b"the file"
    assert slack.tokens == [f"Bearer {TOKEN}"]


async def test_a_redirect_on_the_same_host_is_followed(slack: FileHost) -> None:
    assert await read(slack, "/near") == b"the file"
    with pytest.raises(FileLeftOut):
        await read(slack, "/round")


async def test_a_redirect_to_another_host_is_refused_and_the_token_stays_here(slack: FileHost) -> None:
    async with file_host() as other:
        slack.elsewhere = f"{other.url}/file"
        with pytest.raises(FileLeftOut) as refused:
            await read(slack, "/away")
        assert not isinstance(refused.value, FileForbidden)
        assert other.tokens == []
        with pytest.raises(FileLeftOut):
            await read(slack, f"{other.url}/file")
        assert other.tokens == []


async def test_a_redirect_to_the_sign_in_page_is_a_missing_permission(slack: FileHost) -> None:
    slack.elsewhere = "https://acme.slack.com/?redir=%2Ffiles"
    with pytest.raises(FileForbidden, match="no host"):
        await read(slack, "/away")


@pytest.mark.parametrize("path", ["/page", "/forbidden"])
async def test_a_page_in_place_of_the_file_is_a_missing_permission(slack: FileHost, path: str) -> None:
    with pytest.raises(FileForbidden) as refused:
        await read(slack, path)
    assert "The operator of this bot has to allow it." in refused.value.notice("en")
    assert "权限" in refused.value.notice("zh")


async def test_a_page_that_somebody_sent_is_a_file(slack: FileHost) -> None:
    page = "<!DOCTYPE html><html>x</html>"
    with pytest.raises(FileForbidden):
        await read(slack, "/page", media_type="text/plain", size=len(page))
    assert await read(slack, "/page", media_type="text/html", size=len(page)) == page.encode()
    with pytest.raises(FileForbidden):
        await read(slack, "/page", media_type="text/html", size=5_000)


async def test_a_file_that_says_it_is_small_is_read_no_further_than_it_may_be(slack: FileHost) -> None:
    with pytest.raises(FileTooLarge):
        await read(slack, "/endless", size=8)
    assert slack.endless < 50_000_000


@pytest.mark.parametrize(
    "path",
    [
        "/broken",
        "http://",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://127.0.0.1:1/x",
        "http://[",
        "https://",
    ],
)
async def test_whatever_else_goes_wrong_is_one_error(slack: FileHost, path: str) -> None:
    with pytest.raises(FileLeftOut):
        await read(slack, path)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.png", True),
        ("https://slack.com/files/a.png", True),
        ("http://files.slack.com/files-pri/T1-F1/a.png", False),
        ("https://files.slack.com:8443/a.png", False),
        ("https://files.slack.com.evil.example/a.png", False),
        ("https://files.slack.com@evil.example/a.png", False),
        ("https://docs.google.com/x", False),
    ],
)
async def test_only_slacks_own_hosts_are_its_own(url: str, *, ours: bool) -> None:
    async with aiohttp.ClientSession() as session:
        files = SlackFiles(session, "https://slack.com/api/", TOKEN)
        assert files._ours(yarl.URL(url)) is ours


async def test_a_file_that_was_deleted_or_is_another_workspaces_has_no_address() -> None:
    deleted = read_file({"id": "F1", "mode": "tombstone"})
    assert (deleted.name, deleted.ref, deleted.size) == ("F1", "", 0)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(FileLeftOut):
            await SlackFiles(session, "https://slack.com/api/", TOKEN).read(deleted, most=MOST)
