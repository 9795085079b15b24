# shellcheck shell=bash
# Google Pub/Sub: Google's own emulator, beside the fake pstest (pubsub.sh): each does what the other does not.
# Sourced by brokers.sh. Not among what is started unasked.
#
# PUBSUB_EMULATOR_PORT (18095); PUBSUB_EMULATOR_JAR: the emulator, if it is not where Google's package
# puts it. It keeps everything in memory: kill and restart lose it.

PUBSUB_EMULATOR_PORT=${PUBSUB_EMULATOR_PORT:-18095}
PUBSUB_EMULATOR_PACKAGE=google-cloud-cli-pubsub-emulator
PUBSUB_EMULATOR_FOLDER=/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib

# Only Google's own registry for apt has the package, so that a machine may be without it.
pubsub_emulator_offered() {
    [[ ! -f $(pubsub_emulator_jar) ]] || return 0
    apt-cache policy "$PUBSUB_EMULATOR_PACKAGE" 2>/dev/null | grep -q 'Candidate: [0-9]' ||
        fail "Google's emulator is not here, and apt has no $PUBSUB_EMULATOR_PACKAGE: add Google's packages to apt (cloud.google.com/sdk/docs/install), or set PUBSUB_EMULATOR_JAR"
}

pubsub_emulator_install() {
    pubsub_emulator_offered
    apt_install java default-jre-headless
    [[ ! -f $(pubsub_emulator_jar) ]] || return 0
    apt_install_for "Google's emulator" "$PUBSUB_EMULATOR_PACKAGE" compgen -G "$PUBSUB_EMULATOR_FOLDER/*-all.jar"
}

pubsub_emulator_jar() {
    echo "${PUBSUB_EMULATOR_JAR:-$(compgen -G "$PUBSUB_EMULATOR_FOLDER/*-all.jar" | head -n 1)}"
}

pubsub_emulator_start() {
    # A test broker lives for minutes: compiling little starts it sooner.
    spawn pubsub-emulator java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -jar "$(pubsub_emulator_jar)" --host=127.0.0.1 --port="$PUBSUB_EMULATOR_PORT"
}

# It answers a question about a project's topics.
pubsub_emulator_answers() { is_well pubsub-emulator "$PUBSUB_EMULATOR_PORT" "$PUBSUB_TOPICS"; }

# Requests are as large as pstest's, for one suite.
pubsub_emulator_url() { echo "pubsub://wingman?emulator=127.0.0.1:$PUBSUB_EMULATOR_PORT&payload_bytes_max=4000000"; }
