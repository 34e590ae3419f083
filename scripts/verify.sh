#!/bin/sh
# From a fresh clone to passed tests against real servers.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh
sh scripts/test-programs.sh
npm run --silent build
npm test --silent
