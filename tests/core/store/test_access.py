"""Users who may do little, and TLS."""

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from core.cascade import Level
from core.changes import Edited
from core.conversation import Usage
from core.costs import Cost, Paid
from core.errors import StoreUnavailable
from core.store.claims import Claim, Lease
from core.store.connection import Connections, connect
from core.store.journal import Journals
from core.store.parked import ParkedTurns
from core.store.preferences import Place
from core.store.resealing import Resealing, announce_key, missing_keys
from core.store.shelf import Shelf
from core.store.told import Told
from core.store.usage import Spending, Spent
from tests.checkout import CHECKOUT
from tests.core.desks import choose, preferences_of
from tests.core.store.clusters import clustered
from tests.core.store.sentinels import SERVICE, watched
from tests.core.store.servers import Server, free_ports, one_server
from tests.core.store.talk import ROOM, answered, ask, channels_of, said, turns_of

PASSWORD = "p/ss:w@rd#?"
GUIDE = (CHECKOUT / "docs" / "redis.md").read_text(encoding="utf-8")
REDIS = Path(shutil.which("redis-server") or "/nowhere")
with_tls = pytest.mark.skipif(
    not REDIS.exists(), reason="redis-server is not on PATH; the carried Valkey has no TLS"
)


def rights() -> list[str]:
    """The line of docs/redis.md, so that what is written there is what was tried."""
    (line,) = re.findall(r"ACL SETUSER drun (.*)", GUIDE)
    return [word for word in line.split() if word not in {"on", ">PASSWORD"}]


def rights_with_sentinels() -> list[str]:
    (line,) = re.findall(r"ACL SETUSER looker (.*)", GUIDE)
    return [word for word in line.split() if word not in {"on", ">PASSWORD"}]


async def everything(connections: Connections, *, partitions: int = 1) -> None:
    """Each kind of call that the program makes."""
    turns = turns_of(connections, partitions=partitions)
    channels = channels_of(connections, partitions=partitions)
    assert await turns.settled_partitions() == partitions
    preferences = preferences_of(connections, partitions=partitions)
    await choose(preferences, "model", "m", ROOM.channel)
    claim = await ask(turns, "hello")
    assert claim.settings[Level.CHANNEL] == {"model": "m"}
    assert (await preferences.beside(claim.settings, ROOM, "U1"))["model"] == "m"
    assert [each.value for each in await preferences.audit(Place(Level.CHANNEL, ROOM))] == ["m"]
    await choose(preferences, "model", "", ROOM.channel)
    waiting = await turns.accept(said("next"))
    assert await turns.place(ROOM, waiting.sequence) == 1
    async with turns.stops() as announced, asyncio.timeout(5):
        assert await turns.stop(ROOM)
        assert await anext(announced) == str(ROOM)
    assert await turns.stop_all(ROOM.channel) == 1
    assert await turns.renew([claim]) == [Lease.STOP]
    assert await turns.checkpoint(claim, ["p1"])
    assert await turns.release(claim)
    again = await turns.claim()
    assert isinstance(again, Claim)
    assert await turns.commit(again, answered(again))
    last = await turns.claim()
    assert isinstance(last, Claim)
    assert await turns.commit(last, None, gave_up="no reason")
    assert (await turns.amend(Edited(ROOM.channel, again.message.message_id, "bye", at=1))).changed
    parked = ParkedTurns(connections, partitions=partitions)
    (given_up,) = await parked.all()
    assert await parked.requeue(given_up.turn)
    await turns.reset(ROOM)
    await turns.wait(0.05)
    assert not await channels.told_before(ROOM.channel, "m", turn="t1")
    assert await channels.comes_first(ROOM.channel)
    assert [each.channel for each in await channels.heard(ROOM.channel.platform, since_s=60)] == [
        ROOM.channel
    ]
    await keep_a_journal(Journals(connections, ttl_s=60))
    assert await Told(connections).first(ROOM.channel, "ada", within_s=60)
    shelf = Shelf(connections, "catalog")
    await shelf.put("name", "content", kept_s=60)
    assert await shelf.get("name") is not None
    assert await missing_keys(connections) == []
    await announce_key(connections)
    await Resealing(connections).all()
    spent = Spent("t1", ROOM.channel, "ada", Usage(1, 1), Cost(Paid.TOKENS))
    await Spending(connections).add(spent)
    assert (await channels.records.of(ROOM)).turns
    await channels.erasing.person(ROOM.channel, "ada")
    await channels.erasing.channel(ROOM.channel)
    await channels.erasing.workspace(ROOM.channel.platform, ROOM.channel.workspace)


async def keep_a_journal(journals: Journals) -> None:
    id_ = await journals.append("page", "line")
    assert [entry.text for entry in await journals.read("page")] == ["line"]
    assert [entry.text for entry in await journals.follow("page", at_most_s=1)] == ["line"]
    await journals.remove("page", [id_])


async def make_user(server: Server) -> None:
    await server.run("ACL", "SETUSER", "drun", "on", f">{PASSWORD}", *rights())


async def test_a_user_with_the_rights_of_the_guide_may_do_all_that_is_needed(tmp_path: Path) -> None:
    async with one_server(tmp_path / "one") as server:
        await make_user(server)
        url = f"redis://drun:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/0"
        async with connect(url) as connections:
            await everything(connections)
        denied = await server.run("ACL", "LOG")
        assert denied == [], "also nothing that redis-py tries and does without"


async def test_that_user_may_do_all_on_a_cluster_with_replicas(tmp_path: Path) -> None:
    async with clustered(tmp_path) as cluster:
        await asyncio.gather(*(make_user(each) for each in cluster.servers))
        url = cluster.url.replace("://", f"://drun:{quote(PASSWORD, safe='')}@")
        async with connect(url, wait_replicas=1) as connections:
            await everything(connections, partitions=16)
        for each in cluster.servers:
            assert await each.run("ACL", "LOG") == []


async def test_that_user_may_do_all_with_sentinels_that_have_a_user_of_their_own(tmp_path: Path) -> None:
    async with watched(tmp_path) as made:
        await asyncio.gather(*(make_user(each) for each in made.servers))
        for sentinel in made.sentinels:
            await sentinel.run("ACL", "SETUSER", "looker", "on", f">{PASSWORD}", *rights_with_sentinels())
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in made.sentinels)
        secret = quote(PASSWORD, safe="")
        url = f"redis+sentinel://drun:{secret}@{hosts}/{SERVICE}?sentinel_username=looker&sentinel_password={secret}"
        async with connect(url, wait_replicas=1) as connections:
            await everything(connections)
        for each in (*made.servers, *made.sentinels):
            assert await each.run("ACL", "LOG") == []


def test_the_rights_cover_all_commands_of_all_scripts() -> None:
    assert {f"+{name}" for name in of_scripts()} - set(rights()) == set()


def of_scripts() -> set[str]:
    texts = [each.read_text() for each in (CHECKOUT / "core" / "store" / "scripts").rglob("*.lua")]
    called = [name.lower() for text in texts for name in re.findall(r"redis\.call\('(\w+)'", text)]
    assert len(called) == sum(text.count("redis.call(") for text in texts)
    return set(called)


async def test_each_right_of_the_guide_is_needed(tmp_path: Path) -> None:
    """Without any one of them something is denied, so the list is not longer than it must be."""
    with_several = {"wait", "cluster|slots", "asking"}
    ours = [word[1:] for word in rights() if word.startswith("+")]
    async with one_server(tmp_path / "one") as server:
        url = f"redis://drun:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/0"
        for right in sorted(set(ours) - of_scripts() - with_several):
            await server.redis.flushall()
            await server.redis.script_flush()
            await make_user(server)
            await server.run("ACL", "SETUSER", "drun", f"-{right}")
            await server.run("ACL", "LOG", "RESET")
            async with connect(url) as connections:
                await asyncio.gather(everything(connections), return_exceptions=True)
            denied = await server.run("ACL", "LOG")
            assert {entry["object"] for entry in denied} == {right}


@dataclass(frozen=True, slots=True)
class Encrypted:
    server: Server
    authority: Path
    other: Path


@asynccontextmanager
async def encrypted(folder: Path) -> AsyncGenerator[Encrypted, None]:
    authority, other = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    files = {name: folder / f"{name}.pem" for name in ("authority", "other", "key", "certificate")}
    authority.cert_pem.write_to_path(files["authority"])
    other.cert_pem.write_to_path(files["other"])
    certificate.private_key_pem.write_to_path(files["key"])
    certificate.cert_chain_pems[0].write_to_path(files["certificate"])
    async with one_server(
        folder / "one",
        *("--tls-cert-file", str(files["certificate"]), "--tls-key-file", str(files["key"])),
        *("--tls-ca-cert-file", str(files["authority"]), "--tls-auth-clients", "no"),
        binary=REDIS,
    ) as server:
        (port,) = free_ports(1)
        await server.redis.config_set("tls-port", port)
        yield Encrypted(Server(server.folder, port, ()), files["authority"], files["other"])


@with_tls
async def test_with_tls_and_the_right_authority_all_is_as_without(tmp_path: Path) -> None:
    async with encrypted(tmp_path) as made:
        url = f"rediss://localhost:{made.server.port}/0?ssl_ca_certs={quote(str(made.authority))}"
        async with connect(url) as connections:
            await everything(connections)


@with_tls
async def test_with_tls_and_another_authority_one_sentence_tells(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with encrypted(tmp_path) as made:
        url = f"rediss://localhost:{made.server.port}/0?ssl_ca_certs={quote(str(made.other))}"
        async with connect(url) as connections:
            with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                await turns_of(connections).settled_partitions()
    assert "Traceback" not in capfd.readouterr().err
