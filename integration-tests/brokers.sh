#!/usr/bin/env bash
# Starts the brokers that the tests need, natively, on 127.0.0.1. For Debian and its relatives.
#
#   brokers.sh up [NAME…]        install what is missing, start, wait until each answers
#   brokers.sh down [NAME…]      stop, and remove the data
#   brokers.sh urls              one line each: NAME URL
#   brokers.sh status            one line each: NAME running|stopped
#   brokers.sh kill NAME         kill -9; the data stays
#   brokers.sh stop NAME…        ask to end; the data stays
#   brokers.sh restart NAME…     stop and start; the data stays
#
# Every command may be repeated. Processes are ended by their recorded id, never by name.
# BROKERS_HOME: where data, logs and ids are kept (default: .brokers in the repository's root).
#
# A broker is a file brokers/NAME.sh with the functions NAME_install, NAME_start, NAME_answers and
# NAME_url, where NAME has _ for each dash; NAME_start runs `spawn NAME command…`. Add the file and
# its line in BROKERS.
set -euo pipefail

BROKERS=(redis kafka pubsub sns-sqs)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BROKERS_HOME=${BROKERS_HOME:-$(dirname "$here")/.brokers}

# shellcheck source=brokers/processes.sh
source "$here/brokers/processes.sh"
for broker in "${BROKERS[@]}"; do
    # shellcheck source=brokers/redis.sh
    source "$here/brokers/$broker.sh"
done

usage() {
    sed -n '2,10p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

known() {
    local broker
    for broker in "${BROKERS[@]}"; do
        [[ $broker == "$1" ]] && return 0
    done
    fail "there is no broker '$1': the brokers are ${BROKERS[*]}"
}

# of NAME FUNCTION: the function of a broker's file.
of() { "${1//-/_}_$2"; }

start() {
    local began
    of "$1" install
    if ! is_running "$1"; then
        mkdir -p "$BROKERS_HOME/$1/data"
        of "$1" start
    fi
    began=$(date +%s%3N)
    wait_until "$1" of "$1" answers
    echo "$1: $(of "$1" url), answers after $(($(date +%s%3N) - began)) ms"
}

command=${1:-}
[[ $# -gt 0 ]] && shift
for broker in "$@"; do known "$broker"; done
chosen=("${@:-${BROKERS[@]}}")

case $command in
up)
    for broker in "${chosen[@]}"; do start "$broker"; done
    ;;
down)
    for broker in "${chosen[@]}"; do
        stop "$broker"
        rm -rf "${BROKERS_HOME:?}/$broker"
        echo "$broker: stopped, data removed"
    done
    rmdir "$BROKERS_HOME" 2>/dev/null || true
    ;;
urls)
    for broker in "${chosen[@]}"; do echo "$broker $(of "$broker" url)"; done
    ;;
status)
    for broker in "${chosen[@]}"; do
        if is_running "$broker"; then echo "$broker running"; else echo "$broker stopped"; fi
    done
    ;;
kill)
    [[ $# -eq 1 ]] || usage
    stop "$1" KILL
    echo "$1: killed"
    ;;
stop)
    [[ $# -gt 0 ]] || usage
    for broker in "$@"; do
        stop "$broker"
        echo "$broker: stopped"
    done
    ;;
restart)
    [[ $# -gt 0 ]] || usage
    for broker in "$@"; do
        stop "$broker"
        start "$broker"
    done
    ;;
*) usage ;;
esac
