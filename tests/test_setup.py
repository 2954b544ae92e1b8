"""`make run` from nothing: the setup script with what a bare machine has."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT

ROOT = CHECKOUT
SOURCES = (
    "bots",
    "core",
    "adapters",
    "scripts",
    "Makefile",
    "pyproject.toml",
    "uv.lock",
    "README.md",
    "LICENSE",
)


def copy_of_the_checkout(to: Path) -> Path:
    to.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, to / name)
    return to


def run(folder: Path, *command: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )


def program(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout with nothing but the setup script, beside an empty folder `bin` for PATH."""
    (tmp_path / "bin").mkdir()
    scripts = tmp_path / "checkout" / "scripts"
    scripts.mkdir(parents=True)
    shutil.copy2(ROOT / "scripts" / "setup.sh", scripts)
    return tmp_path


def test_an_old_python_is_answered_with_one_sentence(bare: Path) -> None:
    program(bare / "bin" / "python3", "exit 1")
    setup = run(bare / "checkout", "/bin/sh", "scripts/setup.sh", "local", path=str(bare / "bin"))
    assert setup.returncode == 1
    assert setup.stdout == ""
    assert setup.stderr.startswith("drun-chat: Python 3.11 or newer is needed")
    assert setup.stderr.count("\n") == 1


def test_a_python_without_venv_and_pip_is_told_which_package_to_install(bare: Path) -> None:
    # New enough, but "-m" finds no module; rm is the one tool that the script needs to tidy up.
    program(bare / "bin" / "python3", '[ "$1" = -c ]')
    (bare / "bin" / "rm").symlink_to(shutil.which("rm") or "/bin/rm")
    setup = run(bare / "checkout", "/bin/sh", "scripts/setup.sh", "local", path=str(bare / "bin"))
    assert setup.returncode == 1
    assert setup.stderr.splitlines()[-1].endswith(
        "install one (Debian: apt install python3-venv) and try again."
    )
    assert [entry.name for entry in (bare / "checkout").iterdir()] == ["scripts"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_bare_machine_gets_the_whole_program_and_the_second_time_is_silent(tmp_path: Path) -> None:
    checkout = copy_of_the_checkout(tmp_path / "checkout")
    first = run(checkout, "scripts/setup.sh", "local", path="/usr/bin:/bin")
    assert first.returncode == 0, first.stderr
    second = run(checkout, "scripts/setup.sh", "local", path="/usr/bin:/bin")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    weights = run(
        checkout,
        *(".venv/bin/python", "-c", "from bots.embedded.demo_model import built_in_weights as w; print(w())"),
        path="/usr/bin:/bin",
    )
    assert weights.stdout.startswith(str(checkout)), weights.stderr
    assert not (checkout / ".venv/bin/pytest").exists()
    words = run(checkout, ".venv/bin/drun-chat", "--help", path="/usr/bin:/bin")
    assert words.returncode == 0, words.stderr
    assert "run" in words.stdout
