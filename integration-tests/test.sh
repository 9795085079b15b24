#!/usr/bin/env bash
# Starts the brokers, runs every check and test, stops the brokers, and sums everything in its last
# line. Exit code 0 only if nothing failed. Fast checks first.
set -uo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp) why=$(mktemp)
passed=0 failed=0 skipped=0
secured=(redis-secured kafka-secured rabbitmq-secured)
others=(valkey elasticmq pubsub-emulator)
database=postgres

finish() {
  ./integration-tests/brokers.sh down >/dev/null 2>&1
  ./integration-tests/brokers.sh down "${secured[@]}" >/dev/null 2>&1
  rm -f "$log" "$why"
}
trap finish EXIT

# count NAME COMMAND…: one check, by its exit code
count() {
  local name=$1; shift
  echo "== $name"
  if "$@" >"$log" 2>&1; then passed=$((passed + 1)); else
    failed=$((failed + 1)); cat "$log"; echo "FAILED: $name"
    { echo "---- $name ----"; tail -n 20 "$log"; } >>"$why"
  fi
}

# tests NAME COMMAND…: a test run, by the sums that its runners print; none at all is a failure
tests() {
  local name=$1 ok bad; shift
  echo "== $name"
  "$@" 2>&1 | tee "$log" | grep --line-buffered -E '^(test result|running|error|warning: unused)|FAILED|panicked'
  local code=${PIPESTATUS[0]}
  ok=$(sed -nE 's/^test result: .* ([0-9]+) passed; .*/\1/p' "$log" | paste -sd+ | bc)
  bad=$(sed -nE 's/^test result: .* ([0-9]+) failed; .*/\1/p' "$log" | paste -sd+ | bc)
  ok=${ok:-0} bad=${bad:-0}
  if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  if [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ]; then bad=1; echo "FAILED: $name ran nothing"; fi
  if [ "$bad" -ne 0 ]; then
    cat "$log"
    # What each failing test said, up to the next test or the list of names.
    awk '/^---- .* ----$/ { on = 1 } /^(failures:|running )/ { on = 0 } on' "$log" >>"$why"
  fi
  passed=$((passed + ok)) failed=$((failed + bad))
}

# What PostgreSQL has committed is there again after kill -9. No ledger runs on it yet.
database_survives() {
  ./integration-tests/brokers.sh up "$database" &&
    ./integration-tests/brokers.sh ctl "$database" -qc 'CREATE TABLE kept AS SELECT 42 AS number' &&
    ./integration-tests/brokers.sh kill "$database" &&
    ./integration-tests/brokers.sh up "$database" &&
    [ "$(./integration-tests/brokers.sh ctl "$database" -Atc 'SELECT number FROM kept')" = 42 ] &&
    ./integration-tests/brokers.sh down "$database"
}

# not_run BACKEND: each of its cases, by name, as skipped
not_run() {
  local cases
  cases=$(awk -v name="$1" '/^#/ { next } !at { for (at = NF; at && $at != name; at--); next } $at == "run" { print $1 }' \
    integration-tests/matrix.txt)
  echo "== $1 is not to be had here, so that these do not run"
  sed "s/^/   $1::/" <<<"$cases"
  skipped=$((skipped + $(grep -c . <<<"$cases")))
}

if ! command -v cargo >/dev/null; then
  echo "cargo is missing: install Rust 1.95 or newer"; echo "0 passed, 1 failed"; exit 1
fi
# A C compiler for SQLite; make, a C++ compiler and OpenSSL for Kafka's client; bc for the sums; a
# browser and groff, which judge the pages that the command writes; valgrind, which counts.
for file in /usr/bin/{cc,c++,make,pkg-config,bc,chromium,groff,valgrind} /usr/include/openssl/ssl.h; do
  [ -e "$file" ] && continue
  apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    gcc g++ libc6-dev make pkg-config libssl-dev bc chromium groff-base valgrind >/dev/null
  break
done

# Those of other make than one of the five run beside it, wherever they are to be had.
started=()
for name in "${others[@]}"; do
  if ./integration-tests/brokers.sh offered "$name"; then started+=("$name"); else not_run "$name"; fi
done
count "brokers start" ./integration-tests/brokers.sh up
count "brokers of other make start" ./integration-tests/brokers.sh up "${started[@]}"
count "PostgreSQL keeps what it has" database_survives
while read -r name url; do
  export "WINGMAN_$(tr '[:lower:]-' '[:upper:]_' <<<"$name")_URL=$url"
  echo "   $name at $url"
done < <(./integration-tests/brokers.sh urls; ./integration-tests/brokers.sh urls "${started[@]}")

features=(--workspace --features wingman-cli/brokers,wingman-cli/test-programs)
count "formatting" cargo fmt --all --check
count "lints" cargo clippy "${features[@]}" --all-targets -- -D warnings
count "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc "${features[@]}" --no-deps
count "build" cargo test "${features[@]}" --no-run
# More at once than there are cores: most of them wait for a broker.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-4}
tests "tests" cargo test "${features[@]}" --no-fail-fast
# Three nodes are started for the few tests that need them, when the rest is done.
count "three Kafka nodes start" ./integration-tests/brokers.sh up kafka3
read -r _ WINGMAN_KAFKA3_URL < <(./integration-tests/brokers.sh urls kafka3)
export WINGMAN_KAFKA3_URL
tests "three Kafka nodes" cargo test "${features[@]}" --test native -- cluster::
# So are the ones over TLS, with users that may do little.
count "secured brokers start" ./integration-tests/brokers.sh up "${secured[@]}"
while read -r name url; do
  export "WINGMAN_$(tr '[:lower:]-' '[:upper:]_' <<<"$name")_URL=$url"
done < <(./integration-tests/brokers.sh urls "${secured[@]}")
tests "secured brokers" cargo test "${features[@]}" --no-fail-fast --test native --test secured -- secured::

if [ -s "$why" ]; then
  echo "== what failed, and what it said"
  cut -c 1-3000 "$why"
fi
[ "$skipped" -eq 0 ] || echo "$skipped skipped, named above"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
