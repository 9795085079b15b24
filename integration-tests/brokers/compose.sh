# shellcheck shell=bash
# The brokers in containers, by docker-compose.yml: what brokers.sh does where a Docker engine answers.
# Sourced by brokers.sh.
#
# BROKERS_BY: docker or native; if unset, docker where an engine answers. The names, ports and URLs are
# the same either way.

COMPOSE_FILE=$(dirname "$here")/docker-compose.yml

by_docker() {
    case ${BROKERS_BY:-} in
    docker) return 0 ;;
    native) return 1 ;;
    '') docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1 ;;
    *) fail "BROKERS_BY is '$BROKERS_BY': it may be docker or native" ;;
    esac
}

# A project for each BROKERS_HOME, as natively; and the ports that the file cannot reckon from another.
compose() {
    local project
    project=wingman-$(cksum <<<"$BROKERS_HOME" | cut -d ' ' -f 1)
    KAFKA_ASKS_PORT=$((KAFKA_PORT + 2)) KAFKA3_PORT_2=$((KAFKA3_PORT + 1)) KAFKA3_PORT_3=$((KAFKA3_PORT + 2)) \
        docker compose --project-name "$project" --file "$COMPOSE_FILE" --profile '*' "$@" </dev/null
}

# compose_command COMMAND NODE…: as brokers.sh does it natively.
compose_command() {
    case $1 in
    up) compose up --detach --wait "${@:2}" ;;
    down) compose rm --stop --force --volumes "${@:2}" ;;
    status) compose_status "${@:2}" ;;
    kill) compose kill "${@:2}" ;;
    stop) compose stop "${@:2}" ;;
    # Not `compose restart`, which does not wait until they answer.
    restart) compose stop "${@:2}" && compose up --detach --wait --no-recreate "${@:2}" ;;
    ctl) compose_ctl "${@:2}" ;;
    *) usage ;;
    esac
}

# compose_ctl NODE WORD…: the tool of the container.
compose_ctl() {
    case $1 in
    postgres) compose exec -T postgres psql --no-psqlrc -v ON_ERROR_STOP=1 --username=postgres "${@:2}" ;;
    *) compose exec -T "$1" "$1ctl" --quiet "${@:2}" ;;
    esac
}

compose_status() {
    local node running
    running=$(compose ps --services --status running)
    for node in "$@"; do
        if grep -qx "$node" <<<"$running"; then echo "$node running"; else echo "$node stopped"; fi
    done
}
