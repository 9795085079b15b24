#!/usr/bin/env bash
# Measures what the layers cost against bare clients and the bare database.
#
#   rates.sh           everything, and writes docs/benchmarks.md
#   rates.sh NAME…     prints the tables of: ledger memory redis kafka rabbitmq sns-sqs pubsub
#
# Starts the brokers that it needs and stops them at the end. RATES_BINARY: a built benchmark, instead of
# building one (`cargo bench -p wingman-tests --bench rates --no-run` says where it is).
set -euo pipefail
cd "$(dirname "$0")/.."

brokers=()
for name in "${@:-redis kafka rabbitmq sns-sqs pubsub}"; do
  for name in $name; do
    case $name in ledger | memory) ;; *) brokers+=("$name") ;; esac
  done
done

run=("${RATES_BINARY:-}")
if [[ -z ${run[0]} ]]; then
  cargo bench -p wingman-tests --bench rates --no-run
  run=(cargo bench -p wingman-tests --bench rates --)
fi
if [[ ${#brokers[@]} -gt 0 ]]; then
  trap './integration-tests/brokers.sh down "${brokers[@]}"' EXIT
  ./integration-tests/brokers.sh up "${brokers[@]}"
  while read -r name url; do
    export "WINGMAN_$(tr '[:lower:]-' '[:upper:]_' <<<"$name")_URL=$url"
  done < <(./integration-tests/brokers.sh urls "${brokers[@]}")
fi
if [[ $# -eq 0 ]]; then "${run[@]}" --write "$PWD/docs/benchmarks.md"; else "${run[@]}" "$@"; fi
