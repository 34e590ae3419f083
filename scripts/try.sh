#!/bin/sh
# From a fresh clone to a value stored and read on the embedded store.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh
npm run --silent build

echo '$ cachectl put greeting "hello from cachectl" --ttl 10m'
bin/run.js put greeting 'hello from cachectl' --ttl 10m
echo '$ cachectl get greeting'
bin/run.js get greeting
