# shellcheck shell=bash
# Google's Pub/Sub emulator, from Google's package google-cloud-cli-pubsub-emulator. Sourced by
# brokers.sh.
#
# PUBSUB_PORT (18085); PUBSUB_JAR: the emulator's jar, where it is not in the package's place. It keeps
# everything in memory: kill and restart lose it.

PUBSUB_PORT=${PUBSUB_PORT:-18085}
PUBSUB_LIB=/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib

pubsub_jar() {
    if [[ -n ${PUBSUB_JAR:-} ]]; then
        echo "$PUBSUB_JAR"
    else
        find "$PUBSUB_LIB" -name 'cloud-pubsub-emulator-*-all.jar' 2>/dev/null | sort | tail -n 1
    fi
}

pubsub_install() {
    apt_install java default-jre-headless
    [[ -z $(pubsub_jar) ]] || return 0
    # The package's place is known, a command of its name is not.
    apt_get google-cloud-cli-pubsub-emulator
    [[ -n $(pubsub_jar) ]] ||
        fail "the Pub/Sub emulator is missing: add Google Cloud's apt source, then apt-get install google-cloud-cli-pubsub-emulator, or name its jar by PUBSUB_JAR"
}

pubsub_start() {
    spawn pubsub java -Xms64m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -jar "$(pubsub_jar)" --host=127.0.0.1 --port="$PUBSUB_PORT"
}

# It answers a question about a project's topics, and it is the process that was started.
pubsub_answers() {
    local pid
    read -r pid _ <"$(pid_file pubsub)"
    listens_on "$pid" "$PUBSUB_PORT" &&
        [[ $(pubsub_topics) == *"200 OK"* ]]
}

pubsub_topics() {
    exec 3<>"/dev/tcp/127.0.0.1/$PUBSUB_PORT" || return 1
    printf 'GET /v1/projects/wingman/topics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    timeout 5 head -n 1 <&3
    exec 3>&-
}

pubsub_url() { echo "pubsub://wingman?emulator=127.0.0.1:$PUBSUB_PORT"; }
