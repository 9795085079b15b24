# shellcheck shell=bash
# Redis over TLS alone, with users of its own: see secured.sh. Sourced by brokers.sh.
#
# REDIS_SECURED_PORT (16389).

REDIS_SECURED_PORT=${REDIS_SECURED_PORT:-16389}

redis_secured_install() { secured_install redis; }

redis_secured_start() {
    local data=$BROKERS_HOME/redis-secured/data
    secured_files redis-secured
    redis_secured_users >"$data/users.acl"
    spawn redis-secured redis-server --bind 127.0.0.1 --port 0 --tls-port "$REDIS_SECURED_PORT" \
        --daemonize no --tls-ca-cert-file "$data/tls/ca.pem" --tls-auth-clients optional \
        --tls-cert-file "$data/tls/server.pem" --tls-key-file "$data/tls/server.key" \
        --aclfile "$data/users.acl" --dir "$data" --save '' --appendonly yes --appendfsync no \
        --maxmemory 512mb --maxmemory-policy noeviction
}

# The rights are those of the adapter's README.
redis_secured_users() {
    local rights="+@connection +@stream +@scripting +@transaction +info +exists +del +get +set
        +pexpire +pttl +time +hget +hset +hdel +hincrby +zadd +zrem +zrange +zrangebyscore +zcard"
    rights=${rights//$'\n'/ }
    echo "user default off"
    echo "user admin on >test ~* &* +@all"
    echo "user wingman on >test ~* $rights"
    echo "user limited on >test ~secured-* ~wingman:{secured-* $rights -xgroup|create -xgroup|destroy"
}

redis_secured_answers() {
    local pid
    read -r pid _ <"$(pid_file redis-secured)"
    listens_on "$pid" "$REDIS_SECURED_PORT" && redis_secured_ctl info | grep -q '^loading:0'
}

redis_secured_url() {
    echo "rediss://wingman:test@localhost:$REDIS_SECURED_PORT?ca_file=$BROKERS_HOME/redis-secured/data/tls/ca.pem"
}

# redis_secured_ctl WORD…: a command of Redis, as the user admin.
redis_secured_ctl() {
    redis-cli -h localhost -p "$REDIS_SECURED_PORT" --tls \
        --cacert "$BROKERS_HOME/redis-secured/data/tls/ca.pem" \
        --user admin --pass test --no-auth-warning "$@"
}
