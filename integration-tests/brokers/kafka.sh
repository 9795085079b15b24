# shellcheck shell=bash
# Apache Kafka, one node in KRaft mode, from Maven Central. Sourced by brokers.sh.
#
# KAFKA_PORT (19091); on the next port its controller, on the one after a listener that asks who one
# is (wingman, password test, PLAIN or SCRAM-SHA-512); KAFKA_VERSION; KAFKA_CACHE: where the
# downloaded jars are kept, so that removing the data does not fetch them again.

KAFKA_PORT=${KAFKA_PORT:-19091}
KAFKA_VERSION=${KAFKA_VERSION:-4.3.1}
KAFKA_CACHE=${KAFKA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wingman/kafka-$KAFKA_VERSION}
# Any 16 bytes: these say wingman-tests-01.
KAFKA_CLUSTER=d2luZ21hbi10ZXN0cy0wMQ
# A test broker lives for minutes and is restarted often: compiling little starts it sooner.
KAFKA_JAVA=(java -Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$KAFKA_CACHE/jars/*")

# Kafka, its tools, and what prints its log.
kafka_install() {
    maven_jars "$KAFKA_CACHE" "org.apache.kafka kafka_2.13 $KAFKA_VERSION" \
        "org.apache.kafka kafka-tools $KAFKA_VERSION" \
        "org.apache.logging.log4j log4j-slf4j-impl 2.25.4"
}

kafka_start() {
    local data=$BROKERS_HOME/kafka/data
    if [[ ! -d $data/log ]]; then
        kafka_settings "$data" >"$data/server.properties"
        "${KAFKA_JAVA[@]}" kafka.tools.StorageTool format --standalone \
            --add-scram 'SCRAM-SHA-512=[name=wingman,password=test]' \
            -t "$KAFKA_CLUSTER" -c "$data/server.properties" >>"$(log_file kafka)" 2>&1 ||
            fail "Kafka's data folder could not be made: see $(log_file kafka)"
    fi
    spawn kafka "${KAFKA_JAVA[@]}" kafka.Kafka "$data/server.properties"
}

kafka_settings() {
    kafka_limits "$1"
    cat <<SETTINGS
controller.quorum.bootstrap.servers=127.0.0.1:$((KAFKA_PORT + 1))
listeners=PLAINTEXT://127.0.0.1:$KAFKA_PORT,CONTROLLER://127.0.0.1:$((KAFKA_PORT + 1)),ASKS://127.0.0.1:$((KAFKA_PORT + 2))
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,ASKS:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.asks.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_wingman="test";
listener.name.asks.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
SETTINGS
}

# What a single node is set up with, given its data folder. Groups begin at once, and miss a dead member
# within a few seconds.
kafka_limits() {
    cat <<SETTINGS
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
log.dirs=$1/log
num.partitions=3
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.index.size.max.bytes=65536
log.cleaner.dedupe.buffer.size=8388608
SETTINGS
}

# It tells of itself as of a broker of the cluster, and it is the process that was started.
kafka_answers() {
    local pid
    read -r pid _ <"$(pid_file kafka)"
    listens_on "$pid" "$KAFKA_PORT" && [[ $(kafka_brokers "$KAFKA_PORT") =~ [1-9] ]]
}

# kafka_brokers PORT: how many brokers a Metadata request (version 1, of no topic) tells of, as
# hexadecimal digits.
kafka_brokers() {
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf '\0\0\0\x0e\0\x03\0\x01\0\0\0\0\xff\xff\0\0\0\0' >&3
    # Length and correlation come first.
    timeout 2 head -c 12 <&3 | od -An -tx1 -j 8
    exec 3>&-
}

kafka_url() { echo "kafka://127.0.0.1:$KAFKA_PORT?session_millis=3000&heartbeat_millis=200"; }
