#!/bin/sh
# Runs the tests of start-up and SQLite on the newest Node, which has SQLite built in. test/install has more of them.
set -eu
cd "$(dirname "$0")/.."

program=$(sh scripts/fetch-node.sh 26)
[ "$#" -gt 0 ] || set -- test/contract/sqlite.test.ts test/stores/sqlite/store.test.ts \
  test/commands/start-up.test.ts 'test/field/sqlite/*.test.ts'
exec "$program" node_modules/mocha/bin/mocha.js "$@"
