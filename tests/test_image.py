"""The image, as far as it can be checked without an engine: its rules, its build steps, its healthcheck."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, in order: name and the rest, continued lines joined."""
    text = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def test_the_dockerfile_keeps_the_rules() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    checked = subprocess.run([hadolint, CHECKOUT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_image_runs_as_nobody_in_particular() -> None:
    last = dict(stages()[-1])
    assert last["USER"] not in {"root", "0"}
    assert last["ENTRYPOINT"] == '["drun-chat"]'
    assert last["CMD"] == '["run"]'


@pytest.mark.slow
def test_the_build_steps_give_a_program_without_source_and_demo_model(tmp_path: Path) -> None:
    """Replays the build stage's COPY and RUN steps in a folder that stands for /app."""
    app = tmp_path / "app"
    app.mkdir()
    uv = shutil.which("uv") or str(CHECKOUT / ".tools" / "uv")
    environment = {
        "PATH": f"{Path(uv).parent}:{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "UV_PYTHON": sys.executable,
    } | {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_"))}
    for name, rest in stages()[0]:
        if name == "ENV":
            environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif name == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            for source in sources:
                copy(
                    CHECKOUT / source, app / target / source if target.endswith(("/", "./")) else app / target
                )
        elif name == "RUN" and rest.startswith("uv "):
            command = shlex.split(rest)
            subprocess.run([uv, *command[1:]], cwd=app, env=environment, check=True, capture_output=True)
    for folder in ("bots", "core", "adapters"):
        shutil.rmtree(app / folder)
    python = app / ".venv" / "bin" / "python"
    helped = subprocess.run(
        [python.with_name("drun-chat"), "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "run" in helped.stdout
    installed = subprocess.run(
        [
            python,
            "-c",
            "import importlib.util as u; print([u.find_spec(n) for n in ('xllamacpp', 'pytest', 'tests')])",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert installed.stdout.strip() == "[None, None, None]"
    refused = subprocess.run(
        [python.with_name("drun-chat"), "run"],
        cwd=tmp_path,
        env={"PATH": environment["PATH"], "DATA_DIR": str(tmp_path / "data"), "WEB_PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "DRUN_API_KEY" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_the_image_is_built_from_is_all_there() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text().splitlines()
    needed = {
        source.removeprefix("./").rstrip("/")
        for name, rest in stages()[0]
        if name == "COPY"
        for source in rest.split()[:-1]
    }
    assert needed <= {line.removeprefix("!") for line in ignored if line.startswith("!")}


def test_the_healthcheck_tells_a_running_program_from_none(tmp_path: Path) -> None:
    check = next(rest for name, rest in stages()[-1] if name == "HEALTHCHECK").partition("CMD ")[2]
    command = [sys.executable, *json.loads(check)[1:]]
    page = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert page.stdout is not None
    port = page.stdout.readline().strip()
    try:
        well = subprocess.run(command, env={"WEB_PORT": port}, check=False, capture_output=True)
    finally:
        page.terminate()
        page.wait(10)
        page.stdout.close()
    none = subprocess.run(command, env={"WEB_PORT": port}, check=False, capture_output=True)
    assert (well.returncode, none.returncode) == (0, 1)


SERVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer


class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()


server = HTTPServer(("127.0.0.1", 0), Health)
print(server.server_port, flush=True)
server.serve_forever()
"""


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)
