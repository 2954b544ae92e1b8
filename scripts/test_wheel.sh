#!/bin/sh
# Builds the wheel, installs it beside the locked packages, and runs the suite where the source cannot be imported.
# Further arguments go to pytest.
set -eu
cd "${0%/*}/.."
checkout=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

.tools/uv build --quiet --wheel --out-dir "$work/dist"
.tools/uv export --quiet --frozen --no-emit-project --group dev --group local --output-file "$work/locked.txt"
.tools/uv venv --quiet --python .venv/bin/python "$work/venv"
.tools/uv pip install --quiet --python "$work/venv/bin/python" --requirement "$work/locked.txt"
.tools/uv pip install --quiet --python "$work/venv/bin/python" --no-deps "$work"/dist/*.whl

# Everything but the packages: what the tests import then comes from the wheel.
mkdir "$work/suite"
tar -c --exclude ./bots --exclude ./core --exclude ./adapters --exclude ./.git --exclude ./.venv --exclude ./.tools \
    --exclude ./.data --exclude ./.env --exclude './.*_cache' --exclude __pycache__ . | tar -x -C "$work/suite"
cd "$work/suite"
DRUN_CHAT_CHECKOUT=$checkout "$work/venv/bin/python" -m pytest -p no:cacheprovider "$@"
