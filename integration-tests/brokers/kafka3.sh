# shellcheck shell=bash
# Apache Kafka, three nodes in KRaft mode, each broker and controller. Sourced by brokers.sh, which
# calls the nodes kafka3-1 to kafka3-3 and all of them kafka3. Not among what is started unasked.
#
# KAFKA3_PORT (19111): the first node; the others follow, and from ten further on their controllers.
# What kafka.sh takes counts here too. A topic has three replicas, of which two must have what is
# confirmed.

KAFKA3_PORT=${KAFKA3_PORT:-19111}

kafka3_install() { kafka_install; }

kafka3_start() {
    local node=${1#kafka3-} data=$BROKERS_HOME/$1/data
    if [[ ! -d $data/log ]]; then
        kafka3_settings "$node" "$data" >"$data/server.properties"
        "${KAFKA_JAVA[@]}" kafka.tools.StorageTool format -t "$KAFKA_CLUSTER" \
            -c "$data/server.properties" >>"$(log_file "$1")" 2>&1 ||
            fail "Kafka's data folder could not be made: see $(log_file "$1")"
    fi
    spawn "$1" "${KAFKA_JAVA[@]}" kafka.Kafka "$data/server.properties"
}

# A dead node is missed within three seconds.
kafka3_settings() {
    local port=$((KAFKA3_PORT + $1 - 1)) node voters=
    for node in 1 2 3; do
        voters+="${voters:+,}$node@127.0.0.1:$((KAFKA3_PORT + 9 + node))"
    done
    cat <<SETTINGS
process.roles=broker,controller
node.id=$1
controller.quorum.voters=$voters
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 10))
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$2/log
num.partitions=3
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.index.size.max.bytes=65536
log.cleaner.dedupe.buffer.size=8388608
SETTINGS
}

# It tells of itself and of one more: a single node decides nothing.
kafka3_answers() {
    local pid port=$((KAFKA3_PORT + ${1#kafka3-} - 1))
    read -r pid _ <"$(pid_file "$1")"
    listens_on "$pid" "$port" && [[ $(kafka_brokers "$port") =~ [2-3]$ ]]
}

kafka3_url() {
    local first=$KAFKA3_PORT
    echo "kafka://127.0.0.1:$first,127.0.0.1:$((first + 1)),127.0.0.1:$((first + 2))?session_millis=3000&heartbeat_millis=200"
}
