# shellcheck shell=bash
# Redis. Sourced by brokers.sh.
#
# REDIS_PORT (16379); REDIS_FSYNC: always (what is confirmed survives a crash of the machine),
# everysec, no.

REDIS_PORT=${REDIS_PORT:-16379}

redis_install() { apt_install redis-server redis-server; }

redis_start() {
    spawn redis redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --daemonize no \
        --dir "$BROKERS_HOME/redis/data" --save '' \
        --appendonly yes --appendfsync "${REDIS_FSYNC:-always}" \
        --maxmemory 512mb --maxmemory-policy noeviction
}

# The data is loaded, and the process that answers is the one that was started.
redis_answers() {
    local pid answer
    read -r pid _ <"$(pid_file redis)"
    answer=$(redis-cli -h 127.0.0.1 -p "$REDIS_PORT" info)
    grep -q "^process_id:$pid"$'\r' <<<"$answer" && grep -q '^loading:0' <<<"$answer"
}

redis_url() { echo "redis://127.0.0.1:$REDIS_PORT"; }
