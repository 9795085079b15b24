# shellcheck shell=bash
# Redis. Sourced by brokers.sh.
#
# REDIS_PORT (16379); REDIS_FSYNC: always (what is confirmed survives a crash of the machine),
# everysec, no.

REDIS_PORT=${REDIS_PORT:-16379}

redis_install() { apt_install redis-server redis-server; }

redis_start() { redis_spawn redis redis-server "$REDIS_PORT"; }

redis_answers() { redis_is_itself redis "$(redis-cli -h 127.0.0.1 -p "$REDIS_PORT" info)"; }

# redis_spawn NAME PROGRAM PORT: Redis, or what is made to stand in its place.
redis_spawn() {
    spawn "$1" "$2" --bind 127.0.0.1 --port "$3" --daemonize no \
        --dir "$BROKERS_HOME/$1/data" --save '' \
        --appendonly yes --appendfsync "${REDIS_FSYNC:-always}" \
        --maxmemory 512mb --maxmemory-policy noeviction
}

# redis_is_itself NAME INFO: the data is loaded, and the process that answers is the one that was started.
redis_is_itself() {
    local pid
    read -r pid _ <"$(pid_file "$1")"
    grep -q "^process_id:$pid"$'\r' <<<"$2" && grep -q '^loading:0' <<<"$2"
}

redis_url() { echo "redis://127.0.0.1:$REDIS_PORT"; }
