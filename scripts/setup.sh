#!/bin/sh
# Brings .venv to what uv.lock says, with the dependency groups named as arguments:
#
#     scripts/setup.sh local dev
#
# Needs Python 3.11 or newer and nothing else: uv is taken from PATH, or put into .tools. Says nothing when all is
# in place. Leaves .tools/uv, the uv that was used. Packages of other groups stay (--inexact), so that `make run`
# does not take the tools from somebody who develops.
set -eu
cd "${0%/*}/.."

fail() {
    echo "drun-chat: $1" >&2
    exit 1
}

# Sets $python to the first Python on PATH that is new enough.
find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            return
        fi
    done
    fail "Python 3.11 or newer is needed and was not found: install it (Debian 12: apt install python3-venv; macOS: brew install python) and try again."
}

# Puts uv into .tools by pip. Works beside the place and moves it there at the end: an interrupted run leaves no half.
install_uv() {
    find_python
    echo "drun-chat: fetching uv into .tools" >&2
    new=.tools.$$
    trap 'rm -rf "$new"' EXIT
    trap 'exit 130' INT TERM
    # "Inside an environment" and "for this user" in a person's pip settings do not fit here.
    export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
    # Debian's python3 has neither pip nor venv; each of its packages python3-venv and python3-pip is enough.
    if "$python" -m venv "$new" >/dev/null 2>&1; then
        "$new/bin/python" -m pip install --quiet 'uv>=0.8' || fail "uv could not be installed with pip; its message stands above."
    elif "$python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$new"
        "$python" -m pip install --quiet --target "$new" 'uv>=0.8' || fail "uv could not be installed with pip; its message stands above."
    else
        fail "Python has neither venv nor pip: install one (Debian: apt install python3-venv) and try again."
    fi
    rm -rf .tools
    mkdir .tools
    mv "$new" .tools/pip
    trap - EXIT INT TERM
    ln -s pip/bin/uv .tools/uv
}

# Leaves .tools/uv. A uv of before 0.8 does not know the options below; the shim of a version switcher may not run.
find_uv() {
    if [ -x .tools/uv ]; then
        return
    fi
    if found=$(command -v uv); then
        case $("$found" --version 2>/dev/null) in
        "" | "uv 0."[0-7].*) ;;
        *)
            mkdir -p .tools
            ln -sf "$found" .tools/uv
            return
            ;;
        esac
    fi
    install_uv
}

find_uv
groups=
for group; do
    groups="$groups --group $group"
done

# A company's proxy signs with a certificate that the machine knows and uv does not bring.
if [ -f /etc/ssl/certs/ca-certificates.crt ] || [ -f /etc/ssl/cert.pem ]; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
fi
# A person's other environment is not ours, and ours is where the Makefile looks for it.
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT
# shellcheck disable=SC2086  # several words on purpose
set -- --frozen --inexact --no-default-groups $groups
if [ -x .venv/bin/python ]; then
    .tools/uv sync --quiet --check "$@" 2>/dev/null && exit
else
    find_python
    set -- "$@" --python "$python"
fi
echo "drun-chat: setting up .venv" >&2
.tools/uv sync "$@"
