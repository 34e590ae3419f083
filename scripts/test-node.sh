#!/bin/sh
# Runs the tests of start-up and SQLite on the newest Node, which has SQLite built in. It comes from npm and is
# unpacked once, in the user's cache folder.
set -eu
cd "$(dirname "$0")/.."
VERSION=26.10.0

node=$(node -p "[process.platform, process.arch].join('-')")
program="${XDG_CACHE_HOME:-$HOME/.cache}/cachectl-test/node-$VERSION"
if [ ! -x "$program" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  npm pack --silent --pack-destination "$folder" "node-$node@$VERSION" >/dev/null
  tar -xzf "$folder"/*.tgz -C "$folder" package/bin/node
  mkdir -p "${program%/*}"
  mv "$folder/package/bin/node" "$program"
fi

[ "$#" -gt 0 ] || set -- test/contract/sqlite.test.ts test/stores/sqlite/store.test.ts \
  test/commands/start-up.test.ts test/commands/get-put.test.ts test/commands/usage.test.ts 'test/field/sqlite/*.test.ts'
exec "$program" node_modules/mocha/bin/mocha.js "$@"
