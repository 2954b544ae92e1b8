"""The house's rules, and that breaking one is noticed."""

import ast
import asyncio
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bots.program import running
from tests.checkout import CHECKOUT
from tests.doubles.drun.server import DrunDouble

OURS = ("bots", "adapters", "core")
LONGEST_FILE, LONGEST_FUNCTION = 300, 60
SDKS = {"slack_bolt": "slack", "slack_sdk": "slack", "discord": "discord"}
CORE_FILES = {"__init__.py", "settings.py", "events.py", "surface.py", "markup.py", "app.py"}
# A reason stands behind the rule's name: "- why", or a comment of its own.
IGNORES = re.compile(r"#\s*(?:noqa|type:\s*ignore)")
WITH_REASON = re.compile(r"#\s*(?:noqa: [A-Z0-9, ]+?|type: ignore\[[\w-]+\])\s*(?:- |#\s*)\S+")
MACHINES = re.compile(r"(?<![\w.~$}])/(?:work|root|home|Users|mnt/data)/\w+")
PUBLIC_INDEX = "https://pypi.org/simple"


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders or OURS:
        yield from sorted((CHECKOUT / folder).rglob("*.py"))


def tracked() -> list[Path]:
    """Every file that git keeps. safe.directory: a checkout in a container may belong to somebody else."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", CHECKOUT, "ls-files", "-z"], capture_output=True, check=True
    )
    return [CHECKOUT / name for name in listed.stdout.decode().split("\0") if name]


def scratch(to: Path) -> Path:
    for name in OURS:
        shutil.copytree(CHECKOUT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", to)
    return to


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    # From a file: `python -c` puts the working directory first, where the copy is, before what is installed.
    program = "import sys; from importlinter.cli import lint_imports_command as lint; sys.argv[1:] = ['--no-cache']; lint()"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )


BREAKS = {
    "bots -> adapters -> core, never back": ("core/texts.py", "import adapters.slack.markup"),
    "adapters do not know each other": ("adapters/slack/events.py", "import adapters.discord.markup"),
    "core names no platform SDK and no settings library": ("core/commands/command.py", "import discord"),
    "httpx only in the d.run client": ("adapters/web/api.py", "import httpx"),
    "redis only where things are stored": ("core/engine.py", "import redis"),
}


def test_the_import_rules_hold_and_each_one_notices_when_it_is_broken(tmp_path: Path) -> None:
    folder = scratch(tmp_path)
    whole = lint_imports(folder)
    assert whole.returncode == 0, whole.stdout
    assert set(re.findall(r"^(.+) KEPT\b", whole.stdout, re.MULTILINE)) >= set(BREAKS)
    for path, line in BREAKS.values():
        with (folder / path).open("a") as source:
            source.write(f"\n{line}\n")
    broken = lint_imports(folder)
    assert broken.returncode == 1
    assert set(re.findall(r"^(.+) BROKEN\b", broken.stdout, re.MULTILINE)) >= set(BREAKS)


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_a_platforms_sdk_is_imported_in_its_own_folder_only() -> None:
    users = [(path, sdk) for path in sources() for sdk in imported(path) & set(SDKS)]
    assert {sdk for _, sdk in users} == set(SDKS), "an SDK that nobody imports is checked for nothing"
    for path, sdk in users:
        assert path.is_relative_to(CHECKOUT / "adapters" / SDKS[sdk]), f"{path} imports {sdk}"


@pytest.mark.parametrize("platform", ["discord", "slack", "web"])
def test_every_adapter_has_the_same_core_files(platform: str) -> None:
    assert {path.name for path in (CHECKOUT / "adapters" / platform).glob("*.py")} >= CORE_FILES


def test_these_are_all_the_adapters() -> None:
    folders = {path.parent.name for path in (CHECKOUT / "adapters").glob("*/__init__.py")}
    assert folders == {"discord", "slack", "web"}


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert len(lengths) > 40
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lengths) > 200
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_nothing_is_printed_past_the_command_line_and_the_logs() -> None:
    calls = [
        f"{path}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert calls == []


def test_every_ignored_rule_has_its_reason_on_the_line() -> None:
    ignored = [
        (f"{path}:{number}", line)
        for path in sources(*OURS, "tests")
        if path != CHECKOUT / "tests" / "test_architecture.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if IGNORES.search(line)
    ]
    assert len(ignored) > 10
    assert [where for where, line in ignored if not WITH_REASON.search(line)] == []


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("x()  # noqa: S101 - the caller asks for both", True),
        ("x()  # noqa: S101, BLE001 - both for one reason", True),
        ("x()  # noqa: S101  # it is a pipe", True),
        ("x()  # type: ignore[no-untyped-call] # the SDK's is not typed", True),
        ("x()  # noqa: S101", False),
        ("x()  # noqa", False),
        ("x()  # type: ignore", False),
        ("x()  # type: ignore[no-untyped-call]", False),
    ],
)
def test_what_counts_as_a_reason(line: str, *, fits: bool) -> None:
    assert IGNORES.search(line)
    assert bool(WITH_REASON.search(line)) is fits


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="only git knows which files are kept")
def test_no_kept_file_names_a_machines_path() -> None:
    found = []
    for path in tracked():
        if (
            path.is_file()
            and path.suffix not in {".png", ".woff2", ".ico"}
            and path.name != "test_architecture.py"
        ):
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{path}: {match.group()}" for match in MACHINES.finditer(text)]
    assert found == []


def test_a_machines_path_would_be_found() -> None:
    assert MACHINES.search("see /home/ada/notes")
    assert MACHINES.search('open("/work/x")')
    assert not MACHINES.search("https://docs.example/home/page and $HOME/x")


def test_the_lock_names_the_public_index_only() -> None:
    text = (CHECKOUT / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r'registry = "([^"]+)"', text)) == {PUBLIC_INDEX}
    hosts = set(re.findall(r'url = "https?://([^/"]+)', text))
    assert hosts == {"files.pythonhosted.org"}


async def test_a_third_platform_costs_one_folder(tmp_path: Path, redis_url: str) -> None:
    """`drun-chat run` finds it, reads its settings, listens to it and answers through it; no other file knows it."""
    folder = scratch(tmp_path)
    third = CHECKOUT / "tests" / "fixtures" / "third_platform" / "echo"
    shutil.copytree(third, folder / "adapters" / "echo", ignore=shutil.ignore_patterns("__pycache__"))
    async with DrunDouble(key="sk-third-platform") as drun:
        drun.reply_with("An answer through it.")
        settings = {
            "REDIS_URL": redis_url,
            "DRUN_API_KEY": "sk-third-platform",
            "DRUN_BASE_URL": drun.maas_url,
        }
        settings |= {"WEB_PORT": "0", "ECHO_PORT": "0"}
        async with running(folder, settings=settings, wait_for="Off: ") as up:
            port = re.search(r"echo: port (\d+)", up.out)
            assert port, up.out
            reader, writer = await asyncio.open_connection("127.0.0.1", int(port[1]))
            writer.write(b"hello\n")
            async with asyncio.timeout(10):
                assert await reader.readline() == b"An answer through it.\n"
            writer.close()
            await writer.wait_closed()
            up.signal(signal.SIGTERM)
            assert await up.end() == 0
    assert "Traceback" not in up.err
