#!/usr/bin/env bash
# Starts the brokers that the tests need on 127.0.0.1: by docker-compose.yml where a Docker engine
# answers, else natively, for Debian and its relatives.
#
#   brokers.sh up [NAME…]        install what is missing, start, wait until each answers
#   brokers.sh down [NAME…]      stop, and remove the data
#   brokers.sh offered NAME      whether this machine has the broker or can install it; if not, why
#   brokers.sh urls              one line each: NAME URL
#   brokers.sh status            one line each: NAME running|stopped
#   brokers.sh kill NAME         kill -9; the data stays
#   brokers.sh stop NAME…        ask to end; the data stays
#   brokers.sh restart NAME…     stop and start; the data stays
#   brokers.sh ctl NAME WORD…    the broker's own tool for operators, where it has one
#
# Every command may be repeated. Processes are ended by their recorded id, never by name.
# BROKERS_BY: docker or native, whatever else is there.
# BROKERS_HOME: where data, logs and ids are kept (default: .brokers in the repository's root).
#
# Without a NAME it is all but the secured ones, those of other make, postgres, and kafka3, which is three nodes,
# kafka3-1 to kafka3-3, which can be named one by one.
#
# A broker is a file brokers/NAME.sh with the functions NAME_install, NAME_start, NAME_answers and
# NAME_url, where NAME has _ for each dash, which are given the name; NAME_start runs `spawn NAME
# command…`. Where needed it has NAME_offered, NAME_ctl, and NAME_down for what is left to end. A cluster's
# are given the node's name. Add the file and its line in BROKERS, OTHERS, DATABASES, CLUSTERS or SECURED.
set -euo pipefail

BROKERS=(redis kafka pubsub rabbitmq sns-sqs)
# Of other make than one of those, which has the same adapter; not started unasked.
OTHERS=(valkey elasticmq pubsub-emulator)
CLUSTERS=(kafka3)
# No broker: for ledgers that several machines share; not started unasked.
DATABASES=(postgres)
# Over TLS by a CA of their own, with users that may do little; not started unasked.
SECURED=(redis-secured kafka-secured rabbitmq-secured)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BROKERS_HOME=${BROKERS_HOME:-$(dirname "$here")/.brokers}

# shellcheck source=brokers/processes.sh
source "$here/brokers/processes.sh"
# shellcheck source=brokers/compose.sh
source "$here/brokers/compose.sh"
# shellcheck source=brokers/secured.sh
source "$here/brokers/secured.sh"
for broker in "${BROKERS[@]}" "${OTHERS[@]}" "${DATABASES[@]}" "${CLUSTERS[@]}" "${SECURED[@]}"; do
    # shellcheck source=brokers/redis.sh
    source "$here/brokers/$broker.sh"
done

usage() {
    sed -n '2,13p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

# The nodes of a name, one a line.
nodes() {
    local broker
    for broker in "${BROKERS[@]}" "${OTHERS[@]}" "${DATABASES[@]}" "${SECURED[@]}"; do
        [[ $broker != "$1" ]] || { echo "$1" && return 0; }
    done
    for broker in "${CLUSTERS[@]}"; do
        case $1 in
        "$broker") printf '%s\n' "$1"-{1..3} && return 0 ;;
        "$broker"-[1-3]) echo "$1" && return 0 ;;
        esac
    done
    fail "there is no broker '$1': the brokers are ${BROKERS[*]} ${OTHERS[*]} ${DATABASES[*]} ${CLUSTERS[*]} ${SECURED[*]}"
}

# Whether one of the names is a secured broker's: those are in no container.
is_secured() { [[ " $* " =~ -secured\  ]]; }

# of NODE WHAT: the function of the broker's file.
of() {
    local name=${1%-[1-3]}
    "${name//-/_}_$2" "$1"
}

launch() {
    of "$1" install
    is_running "$1" && return 0
    mkdir -p "$BROKERS_HOME/$1/data"
    of "$1" start
}

# All are launched before one is waited for: the nodes of a cluster need each other.
start() {
    local node began
    began=$(date +%s%3N)
    for node in "$@"; do launch "$node"; done
    for node in "$@"; do
        wait_until "$node" of "$node" answers
        echo "$node: $(of "$node" url), answers after $(($(date +%s%3N) - began)) ms"
    done
}

# All at once: the last node of a cluster would wait for the others.
end() {
    local node
    for node in "$@"; do stop "$node" & done
    wait
}

command=${1:-}
[[ $# -gt 0 ]] && shift
if [[ $command == ctl ]]; then
    [[ $# -gt 1 ]] || usage
    nodes "$1" >/dev/null
    declare -F "${1//-/_}_ctl" >/dev/null || fail "$1 has no tool for operators"
    if by_docker && ! is_secured "$1"; then compose_command ctl "$@"; else "${1//-/_}_ctl" "${@:2}"; fi
    exit
fi
names=("${@:-${BROKERS[@]}}")
chosen=()
for broker in "${names[@]}"; do
    found=$(nodes "$broker")
    mapfile -t -O "${#chosen[@]}" chosen <<<"$found"
done

case $command in
kill | offered) [[ $# -eq 1 ]] || usage ;;
stop | restart) [[ $# -gt 0 ]] || usage ;;
down)
    if [[ $# -eq 0 ]]; then
        chosen+=("${OTHERS[@]}" "${DATABASES[@]}")
        for broker in "${CLUSTERS[@]}"; do chosen+=("$broker"-{1..3}); done
    fi
    ;;
esac
if [[ $command =~ ^(up|down|status|kill|stop|restart)$ ]] && by_docker && ! is_secured "${chosen[@]}"; then
    compose_command "$command" "${chosen[@]}"
    exit
fi

case $command in
offered)
    by_docker || ! declare -F "${chosen[0]//-/_}_offered" >/dev/null || of "${chosen[0]}" offered
    ;;
up)
    start "${chosen[@]}"
    ;;
down)
    end "${chosen[@]}"
    for broker in "${chosen[@]}"; do
        [[ -d $BROKERS_HOME/$broker ]] || continue
        if declare -F "${broker//-/_}_down" >/dev/null; then of "$broker" down; fi
        rm -rf "${BROKERS_HOME:?}/$broker"
        echo "$broker: stopped, data removed"
    done
    rmdir "$BROKERS_HOME" 2>/dev/null || true
    ;;
urls)
    for broker in "${names[@]}"; do echo "$broker $(of "$broker" url)"; done
    ;;
status)
    for broker in "${chosen[@]}"; do
        if is_running "$broker"; then echo "$broker running"; else echo "$broker stopped"; fi
    done
    ;;
kill)
    for broker in "${chosen[@]}"; do
        stop "$broker" KILL
        echo "$broker: killed"
    done
    ;;
stop)
    end "${chosen[@]}"
    printf '%s: stopped\n' "${chosen[@]}"
    ;;
restart)
    end "${chosen[@]}"
    start "${chosen[@]}"
    ;;
*) usage ;;
esac
