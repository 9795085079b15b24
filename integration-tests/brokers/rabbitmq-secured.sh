# shellcheck shell=bash
# RabbitMQ over TLS alone, with users of its own: see secured.sh. Sourced by brokers.sh.
#
# RABBITMQ_SECURED_PORT (15681); the next two as in rabbitmq.sh. The user limited may not configure.

RABBITMQ_SECURED_PORT=${RABBITMQ_SECURED_PORT:-15681}

rabbitmq_secured_install() { secured_install rabbitmq; }

rabbitmq_secured_start() {
    local data=$BROKERS_HOME/rabbitmq-secured/data
    secured_files rabbitmq-secured
    rabbitmq_secured_users >"$data/users.json"
    rabbitmq_secured_settings "$data" >"$data/rabbitmq.conf"
    rabbitmq_launch rabbitmq-secured "$RABBITMQ_SECURED_PORT"
}

rabbitmq_secured_settings() {
    rabbitmq_limits
    cat <<SETTINGS
listeners.tcp = none
listeners.ssl.1 = 127.0.0.1:$RABBITMQ_SECURED_PORT
ssl_options.cacertfile = $1/tls/ca.pem
ssl_options.certfile = $1/tls/server.pem
ssl_options.keyfile = $1/tls/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
load_definitions = $1/users.json
SETTINGS
}

rabbitmq_secured_users() {
    local hash name permissions='' users=''
    hash=$({ printf salt && printf salttest | openssl dgst -sha256 -binary; } | base64)
    for name in admin wingman limited; do
        users+="${users:+,}{\"name\":\"$name\",\"password_hash\":\"$hash\",\"tags\":\"\",\"hashing_algorithm\":\"rabbit_password_hashing_sha256\"}"
    done
    for name in admin wingman; do
        permissions+="{\"user\":\"$name\",\"vhost\":\"/\",\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"},"
    done
    permissions+="{\"user\":\"limited\",\"vhost\":\"/\",\"configure\":\"^\$\",\"write\":\"^secured-\",\"read\":\"^workers@secured-\"}"
    echo "{\"vhosts\":[{\"name\":\"/\"}],\"users\":[$users],\"permissions\":[$permissions]}"
}

rabbitmq_secured_answers() {
    local pid
    read -r pid _ <"$(pid_file rabbitmq-secured)"
    listens_on "$pid" "$RABBITMQ_SECURED_PORT"
}

rabbitmq_secured_url() {
    echo "amqps://wingman:test@localhost:$RABBITMQ_SECURED_PORT?ca_file=$BROKERS_HOME/rabbitmq-secured/data/tls/ca.pem"
}

rabbitmq_secured_ctl() {
    rabbitmq_env rabbitmq-secured "$RABBITMQ_SECURED_PORT" "$RABBITMQ_BIN/rabbitmqctl" --quiet "$@"
}

rabbitmq_secured_down() { rabbitmq_end rabbitmq-secured; }
