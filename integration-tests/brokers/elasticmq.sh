# shellcheck shell=bash
# SQS of other make and without SNS: ElasticMQ, from Maven Central. Sourced by brokers.sh. Not among what is
# started unasked.
#
# ELASTICMQ_PORT (14586); ELASTICMQ_VERSION; ELASTICMQ_CACHE: where the downloaded jars are kept, so that
# removing the data does not fetch them again. It keeps everything in memory: kill and restart lose it.

ELASTICMQ_PORT=${ELASTICMQ_PORT:-14586}
ELASTICMQ_VERSION=${ELASTICMQ_VERSION:-1.6.11}
ELASTICMQ_CACHE=${ELASTICMQ_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wingman/elasticmq-$ELASTICMQ_VERSION}

elasticmq_install() {
    maven_jars "$ELASTICMQ_CACHE" "org.elasticmq elasticmq-server_2.13 $ELASTICMQ_VERSION"
}

elasticmq_start() {
    local settings=$BROKERS_HOME/elasticmq/data/elasticmq.conf
    elasticmq_settings >"$settings"
    # A test broker lives for minutes: compiling little starts it sooner.
    spawn elasticmq java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dconfig.file="$settings" \
        -cp "$ELASTICMQ_CACHE/jars/*" org.elasticmq.server.Main
}

elasticmq_settings() {
    cat <<SETTINGS
include classpath("reference.conf")
node-address { protocol = http, host = "127.0.0.1", port = $ELASTICMQ_PORT, context-path = "" }
rest-sqs { enabled = true, bind-port = $ELASTICMQ_PORT, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats.enabled = false
queues-storage.enabled = false
messages-storage.enabled = false
aws { region = us-east-1, accountId = 000000000000 }
SETTINGS
}

# It tells that it is well.
elasticmq_answers() { is_well elasticmq "$ELASTICMQ_PORT" /health; }

elasticmq_url() {
    echo "sns-sqs://us-east-1?endpoint=http://127.0.0.1:$ELASTICMQ_PORT&account=000000000000&access_key=test&secret_key=test"
}
