#!/bin/sh
# From a fresh clone to the tests having passed against real servers.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh
sh scripts/test-programs.sh
npm run --silent build
npm test --silent
