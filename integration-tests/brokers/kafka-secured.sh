# shellcheck shell=bash
# Apache Kafka over TLS alone, with users of its own by SCRAM-SHA-512: see secured.sh. Sourced by brokers.sh.
#
# KAFKA_SECURED_PORT (19101); on the next ports its controller, and two listeners for nobody whose
# certificates are not in order: one that has expired, and one for another host. What kafka.sh takes counts
# here too. The user limited may not create.

KAFKA_SECURED_PORT=${KAFKA_SECURED_PORT:-19101}

kafka_secured_install() { secured_install kafka; }

kafka_secured_start() {
    local name data=$BROKERS_HOME/kafka-secured/data
    secured_files kafka-secured
    if [[ ! -d $data/log ]]; then
        # A key and its certificate in one file, as Kafka wants them.
        for name in server expired elsewhere; do
            cat "$data/tls/$name".{key,pem} >"$data/tls/$name-both.pem"
        done
        kafka_secured_settings "$data" >"$data/server.properties"
        kafka_secured_client "$data" >"$data/admin.properties"
        kafka_secured_log >"$data/log.properties"
        "${KAFKA_JAVA[@]}" kafka.tools.StorageTool format --standalone \
            --add-scram 'SCRAM-SHA-512=[name=admin,password=test]' \
            --add-scram 'SCRAM-SHA-512=[name=wingman,password=test]' \
            --add-scram 'SCRAM-SHA-512=[name=limited,password=test]' \
            -t "$KAFKA_CLUSTER" -c "$data/server.properties" >>"$(log_file kafka-secured)" 2>&1 ||
            fail "Kafka's data folder could not be made: see $(log_file kafka-secured)"
    fi
    spawn kafka-secured "${KAFKA_JAVA[@]}" "-Dlog4j2.configurationFile=$data/log.properties" kafka.Kafka "$data/server.properties"
}

# Whoever is connected proves again who it is every four seconds: so credentials end for it, too.
kafka_secured_settings() {
    local port=$KAFKA_SECURED_PORT login=org.apache.kafka.common.security
    kafka_limits "$1"
    cat <<SETTINGS
controller.quorum.bootstrap.servers=127.0.0.1:$((port + 1))
listeners=USERS://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1)),EXPIRED://127.0.0.1:$((port + 2)),ELSEWHERE://127.0.0.1:$((port + 3))
advertised.listeners=USERS://localhost:$port,EXPIRED://localhost:$((port + 2)),ELSEWHERE://localhost:$((port + 3))
listener.security.protocol.map=USERS:SASL_SSL,CONTROLLER:SASL_PLAINTEXT,EXPIRED:SSL,ELSEWHERE:SSL
inter.broker.listener.name=USERS
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.mechanism.controller.protocol=PLAIN
listener.name.users.scram-sha-512.sasl.jaas.config=$login.scram.ScramLoginModule required username="admin" password="test";
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=$login.plain.PlainLoginModule required username="admin" password="test" user_admin="test";
listener.name.users.connections.max.reauth.ms=4000
listener.name.users.ssl.client.auth=requested
listener.name.expired.ssl.keystore.location=$1/tls/expired-both.pem
listener.name.elsewhere.ssl.keystore.location=$1/tls/elsewhere-both.pem
ssl.keystore.type=PEM
ssl.keystore.location=$1/tls/server-both.pem
ssl.truststore.type=PEM
ssl.truststore.location=$1/tls/ca.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin
SETTINGS
}

# Whoever is refused is told of, too.
kafka_secured_log() {
    cat <<SETTINGS
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %m (%c)%n
logger.network.name = org.apache.kafka.common.network.Selector
logger.network.level = info
SETTINGS
}

# What Kafka's own tools connect with.
kafka_secured_client() {
    cat <<SETTINGS
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="test";
ssl.truststore.type=PEM
ssl.truststore.location=$1/tls/ca.pem
SETTINGS
}

# It answers once its users may do what they may.
kafka_secured_answers() {
    local pid data=$BROKERS_HOME/kafka-secured/data
    read -r pid _ <"$(pid_file kafka-secured)"
    listens_on "$pid" "$KAFKA_SECURED_PORT" || return 1
    [[ -f $data/complete ]] || { kafka_secured_rights && touch "$data/complete"; }
}

# The rights are those of the adapter's README; who may read or write may describe. All at once: each
# is a program that takes a second or two to start.
kafka_secured_rights() {
    local one waiting=() wingman=(User:wingman) limited=(User:limited --resource-pattern-type prefixed)
    kafka_secured_allow "${wingman[@]}" --operation Read --operation Delete --topic '*' --group '*' &
    waiting+=($!)
    kafka_secured_allow "${wingman[@]}" --operation Write --operation Create --topic '*' &
    waiting+=($!)
    kafka_secured_allow "${limited[@]}" --operation Read --topic secured- --group workers@secured- &
    waiting+=($!)
    kafka_secured_allow "${limited[@]}" --operation Write --topic secured- &
    waiting+=($!)
    local failed=0
    for one in "${waiting[@]}"; do wait "$one" || failed=1; done
    return "$failed"
}

# kafka_secured_allow PRINCIPAL WORD…
kafka_secured_allow() {
    kafka_secured_ctl org.apache.kafka.tools.AclCommand --force --add --allow-principal "$@"
}

kafka_secured_url() {
    echo "kafka://wingman:test@localhost:$KAFKA_SECURED_PORT?tls=true&ca_file=$BROKERS_HOME/kafka-secured/data/tls/ca.pem&session_millis=3000&heartbeat_millis=200"
}

# kafka_secured_ctl CLASS WORD…: one of Kafka's own tools, as the user admin.
kafka_secured_ctl() {
    "${KAFKA_JAVA[@]}" "$1" --bootstrap-server "localhost:$KAFKA_SECURED_PORT" \
        --command-config "$BROKERS_HOME/kafka-secured/data/admin.properties" "${@:2}"
}
