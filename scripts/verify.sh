#!/bin/sh
# From a fresh clone to passed tests against real servers: sh scripts/verify.sh [COMMAND...]
# COMMAND must succeed too. It runs beside the tests, which often wait for servers and timers, and prints if it fails.
set -eu
cd "$(dirname "$0")/.."
said=$(mktemp)
# Wait for background jobs, also after a failure.
trap 'wait; rm -f "$said"' EXIT

sh scripts/install.sh
sh scripts/test-programs.sh &
programs=$!
npm run --silent build
wait "$programs"

"$@" >"$said" 2>&1 &
beside=$!
tests=0
npm test --silent || tests=$?
wait "$beside" || {
  cat "$said" >&2
  exit 1
}
exit "$tests"
