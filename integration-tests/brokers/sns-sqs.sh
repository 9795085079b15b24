# shellcheck shell=bash
# SNS and SQS by an emulator, ministack, from PyPI. Sourced by brokers.sh.
#
# SNS_SQS_PORT (14566); SNS_SQS_VERSION; SNS_SQS_CACHE: where its Python environment is kept, so that
# removing the data does not fetch it again.
#
# It writes its state when it is asked to end, and only then: `restart` keeps everything, `kill` loses
# it. What a crash of the broker loses can therefore not be shown on it.

SNS_SQS_PORT=${SNS_SQS_PORT:-14566}
SNS_SQS_VERSION=${SNS_SQS_VERSION:-1.5.33}
SNS_SQS_CACHE=${SNS_SQS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wingman/ministack-$SNS_SQS_VERSION}
SNS_SQS_ACCOUNT=000000000000

sns_sqs_install() { python_environment "$SNS_SQS_CACHE" "ministack==$SNS_SQS_VERSION"; }

sns_sqs_start() {
    local data=$BROKERS_HOME/sns-sqs/data
    # It would listen on every address, and look for Docker.
    spawn sns-sqs env BIND_HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 GATEWAY_PORT="$SNS_SQS_PORT" \
        SERVICES=sns,sqs,sts LOG_LEVEL=WARNING PERSIST_STATE=1 STATE_DIR="$data/state" \
        S3_DATA_DIR="$data/s3" SFTP_ENABLED=0 IOT_MTLS_ENABLED=0 \
        DOCKER_HOST=unix:///nonexistent "$SNS_SQS_CACHE/venv/bin/ministack"
}

# It tells that it is well.
sns_sqs_answers() { is_well sns-sqs "$SNS_SQS_PORT" /_ministack/health; }

sns_sqs_url() {
    echo "sns-sqs://us-east-1?endpoint=http://127.0.0.1:$SNS_SQS_PORT&account=$SNS_SQS_ACCOUNT&access_key=test&secret_key=test"
}
