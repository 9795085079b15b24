# shellcheck shell=bash
# Google Pub/Sub: the fake pstest of Google's Go client, with REST in front of it for administration
# (brokers/pstest). Sourced by brokers.sh.
#
# PUBSUB_PORT (18085); PUBSUB_CACHE: where the built program is kept. It keeps everything in memory: kill
# and restart lose it. It is built with Go, which Debian 12 has too old: it must be there.

PUBSUB_PORT=${PUBSUB_PORT:-18085}
# A project's topics.
PUBSUB_TOPICS=/v1/projects/wingman/topics
PUBSUB_SOURCE=$here/brokers/pstest
PUBSUB_CACHE=${PUBSUB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wingman/pstest-$(cat "$PUBSUB_SOURCE"/* | cksum | cut -d ' ' -f 1)}

pubsub_install() {
    [[ -x $PUBSUB_CACHE/pstest ]] && return 0
    command -v go >/dev/null || fail "go is missing: install Go 1.25 or newer, then try again"
    echo "pubsub: building pstest" >&2
    mkdir -p "$PUBSUB_CACHE"
    (cd "$PUBSUB_SOURCE" && go build -o "$PUBSUB_CACHE/pstest.part" .) >&2 ||
        fail "pstest could not be built: see above"
    mv "$PUBSUB_CACHE/pstest.part" "$PUBSUB_CACHE/pstest"
}

pubsub_start() { spawn pubsub "$PUBSUB_CACHE/pstest" -address "127.0.0.1:$PUBSUB_PORT"; }

# It answers a question about a project's topics.
pubsub_answers() { is_well pubsub "$PUBSUB_PORT" "$PUBSUB_TOPICS"; }

# It takes no request of more than 4 MiB.
pubsub_url() { echo "pubsub://wingman?emulator=127.0.0.1:$PUBSUB_PORT&payload_bytes_max=4000000"; }
