"""The demo model's own process: `python -m bots.embedded.demo_server <file.gguf> <model id>`.

When it can answer it writes one JSON line, `{"base_url", "api_key", "context_tokens"}`, to its standard output. It
ends when its standard input ends, and so also when its parent was killed.
"""

import json
import os
import secrets
import sys
import threading
import urllib.request
from typing import Any

import xllamacpp

CONTEXT_TOKENS = 4096  # for all slots together
SLOTS = 2
ANSWER_TOKENS = 256
# llama.cpp keeps prompts of idle conversations up to 8 GiB unless told otherwise.
PROMPT_CACHE_MIB = 128
WARNINGS = 2


def main() -> None:
    model_path, model_id = sys.argv[1:]
    os.nice(5)  # the bot comes first
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    announcement = _take_standard_output()
    api_key = secrets.token_urlsafe(24)
    server = xllamacpp.Server(_settings(model_path, model_id, api_key))
    base_url = f"{server.listening_address}/v1"
    line = {"base_url": base_url, "api_key": api_key, "context_tokens": _context_of_a_slot(base_url, api_key)}
    with announcement:
        announcement.write(json.dumps(line) + "\n")
    threading.Event().wait()


def _end_with_the_parent() -> None:
    # Not sys.stdin: its lock, held here, would abort the interpreter when main ends by an exception.
    while os.read(0, 4096):
        pass
    # Not sys.exit: llama.cpp's threads need no farewell, and while it loads a model nobody would hear one.
    os._exit(0)


def _take_standard_output() -> Any:
    """The real standard output; whatever C++ code prints there from now on goes to the log."""
    announcement = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return announcement


def _settings(model_path: str, model_id: str, api_key: str) -> Any:
    settings = xllamacpp.CommonParams()
    settings.model.path = model_path
    settings.model_alias = {model_id}
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.api_keys = [api_key]  # any page in a browser can reach a port of this machine
    settings.ui = False
    settings.verbosity = WARNINGS
    settings.n_ctx = CONTEXT_TOKENS
    settings.n_parallel = SLOTS
    settings.n_predict = ANSWER_TOKENS
    settings.cache_ram_mib = PROMPT_CACHE_MIB
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = _threads()
    # Without the penalty a model this small repeats itself to the limit.
    settings.sampling.temp = 0.2
    settings.sampling.top_p = 0.9
    settings.sampling.penalty_repeat = 1.15
    settings.sampling.penalty_last_n = 256
    return settings


def _threads() -> int:
    """Half the processors: llama.cpp's threads spin while they wait, and a busy machine then answers at a crawl."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, processors // 2)


def _context_of_a_slot(base_url: str, api_key: str) -> int:
    """What one conversation may fill: the server shares its context out among its slots."""
    request = urllib.request.Request(  # noqa: S310  # the address of our own server
        f"{base_url}/models", headers={"Authorization": f"Bearer {api_key}"}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=10) as response:
        return int(json.load(response)["data"][0]["meta"]["n_ctx"])


if __name__ == "__main__":
    main()
