# shellcheck shell=bash
# PostgreSQL as Debian packs it. Sourced by brokers.sh. It is no broker and not started unasked: it is for
# ledgers that several machines share, which are not there yet.
#
# POSTGRES_PORT (15432). `ctl` runs psql as the superuser, who needs no password.

POSTGRES_PORT=${POSTGRES_PORT:-15432}

postgres_install() { apt_install_for PostgreSQL postgresql postgres_programs; }

# The folder of the newest one.
postgres_programs() {
    local newest
    newest=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
    [[ -n $newest ]] && dirname "$newest"
}

postgres_start() {
    local programs data=$BROKERS_HOME/postgres/data
    programs=$(postgres_programs)
    postgres_alone "$data"
    if [[ ! -f $data/PG_VERSION ]]; then
        [[ $(id -u) != 0 ]] || chown postgres: "$data"
        postgres_user "$programs/initdb" -D "$data" -U postgres --auth=trust -E UTF8 >>"$(log_file postgres)" 2>&1 ||
            fail "PostgreSQL made no database: see $(log_file postgres)"
    fi
    postgres_user spawn postgres "$programs/postgres" -D "$data" -p "$POSTGRES_PORT" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories=
}

# postgres_user command…: it refuses to run as root, and its user may not go through every folder.
postgres_user() {
    if [[ $(id -u) != 0 ]]; then
        "$@"
        return
    fi
    local as=(setpriv --reuid postgres --regid postgres --clear-groups --inh-caps +dac_override --ambient-caps +dac_override)
    case $1 in
    spawn) spawn "$2" "${as[@]}" "${@:3}" ;;
    *) "${as[@]}" "$@" ;;
    esac
}

# After kill -9 its children end by themselves. Only then its lock is stale.
postgres_alone() {
    local deadline folder
    folder=$(readlink -f "$1")
    deadline=$(($(date +%s) + STOP_SECONDS))
    while [[ -n $(find /proc -maxdepth 2 -name cwd -lname "$folder" 2>/dev/null) ]]; do
        (($(date +%s) < deadline)) || fail "processes of a PostgreSQL that was killed still run in $1"
        sleep 0.05
    done
    rm -f "$1/postmaster.pid"
}

postgres_answers() {
    local pid
    read -r pid _ <"$(pid_file postgres)"
    listens_on "$pid" "$POSTGRES_PORT" && [[ $(postgres_ctl -Atc 'SELECT 1') == 1 ]]
}

postgres_url() { echo "postgres://postgres@127.0.0.1:$POSTGRES_PORT/postgres"; }

postgres_ctl() { "$(postgres_programs)/psql" --no-psqlrc -v ON_ERROR_STOP=1 "$(postgres_url)" "$@"; }
