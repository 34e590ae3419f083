#!/bin/sh
# From a fresh clone to the tests having passed against real servers.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh

missing=''
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v php >/dev/null || missing="$missing php-cli php-sqlite3"
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q
    # shellcheck disable=SC2086 # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
  else
    echo "not installed, so what needs them is skipped:$missing" >&2
  fi
fi

npm run --silent build
npm test --silent
