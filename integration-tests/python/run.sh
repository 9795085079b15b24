#!/usr/bin/env bash
# Runs the Python program with its own clients, which are fetched from PyPI once: run.sh WORD…
#
# PYTHON_CLIENTS_CACHE: where they are kept.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BROKERS_HOME=
# shellcheck source=../brokers/processes.sh
source "$here/../brokers/processes.sh"

wanted=$(cksum <"$here/requirements.txt" | cut -d ' ' -f 1)
cache=${PYTHON_CLIENTS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wingman/python-clients-$wanted}
python_environment "$cache" -r "$here/requirements.txt"
exec "$cache/venv/bin/python" -B "$here/main.py" "$@"
