# shellcheck shell=bash
# RabbitMQ as Debian packs it, one node without plugins. Sourced by brokers.sh.
#
# RABBITMQ_PORT (15671); on the next port the node's distribution, on the one after the daemon that
# names nodes (epmd), which is ours alone: it ends with `down`. `ctl` runs rabbitmqctl on the node.

RABBITMQ_PORT=${RABBITMQ_PORT:-15671}
RABBITMQ_BIN=/usr/lib/rabbitmq/bin

rabbitmq_install() { apt_install rabbitmq-server rabbitmq-server; }

rabbitmq_start() {
    rabbitmq_settings >"$BROKERS_HOME/rabbitmq/data/rabbitmq.conf"
    rabbitmq_launch rabbitmq "$RABBITMQ_PORT"
}

# rabbitmq_launch NAME PORT: the node whose settings are written.
rabbitmq_launch() {
    local data=$BROKERS_HOME/$1/data
    echo '[{kernel, [{inet_dist_use_interface, {127, 0, 0, 1}}]}].' >"$data/advanced.config"
    echo '[].' >"$data/enabled_plugins"
    if ! is_running "$1-epmd"; then
        mkdir -p "$BROKERS_HOME/$1-epmd"
        spawn "$1-epmd" epmd -address 127.0.0.1 -port $(($2 + 2))
    fi
    # Under systemd the script becomes the node, so that the recorded id is the node's.
    rabbitmq_env "$1" "$2" spawn "$1" env RUNNING_UNDER_SYSTEMD=true "$RABBITMQ_BIN/rabbitmq-server"
}

rabbitmq_settings() {
    rabbitmq_limits
    echo "listeners.tcp.1 = 127.0.0.1:$RABBITMQ_PORT"
}

# A test broker has little memory and disk to itself, and shares its processors.
rabbitmq_limits() {
    cat <<SETTINGS
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 200MB
log.console = true
log.console.level = warning
log.file = false
SETTINGS
}

# rabbitmq_env NAME PORT command…: with what tells node and tools of each other.
rabbitmq_env() {
    local data=$BROKERS_HOME/$1/data
    HOME=$data LANG=C.UTF-8 \
        ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$(($2 + 2)) \
        RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_NODENAME=wingman@localhost \
        RABBITMQ_NODE_PORT=$2 RABBITMQ_DIST_PORT=$(($2 + 1)) \
        RABBITMQ_MNESIA_BASE=$data/mnesia RABBITMQ_LOG_BASE=$data/log \
        RABBITMQ_CONFIG_FILE=$data/rabbitmq.conf \
        RABBITMQ_ADVANCED_CONFIG_FILE=$data/advanced.config \
        RABBITMQ_ENABLED_PLUGINS_FILE=$data/enabled_plugins \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+sbwt none +S 2:2' \
        "${@:3}"
}

# It greets as AMQP 0-9-1 does, and it is the process that was started. It listens when all its
# queues are there again.
rabbitmq_answers() {
    local pid
    read -r pid _ <"$(pid_file rabbitmq)"
    listens_on "$pid" "$RABBITMQ_PORT" && [[ $(rabbitmq_greeting) == " 01 00 00" ]]
}

# The first bytes of Connection.Start, as hexadecimal digits.
rabbitmq_greeting() {
    exec 3<>"/dev/tcp/127.0.0.1/$RABBITMQ_PORT" || return 1
    printf 'AMQP\0\0\x09\x01' >&3
    timeout 2 head -c 3 <&3 | od -An -tx1
    exec 3>&-
}

rabbitmq_url() { echo "amqp://127.0.0.1:$RABBITMQ_PORT"; }

rabbitmq_ctl() { rabbitmq_env rabbitmq "$RABBITMQ_PORT" "$RABBITMQ_BIN/rabbitmqctl" --quiet "$@"; }

rabbitmq_down() { rabbitmq_end rabbitmq; }

# rabbitmq_end NAME: what a node leaves running.
rabbitmq_end() {
    stop "$1-epmd"
    rm -rf "${BROKERS_HOME:?}/$1-epmd"
}
