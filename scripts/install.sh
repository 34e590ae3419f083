#!/bin/sh
# Installs what cachectl is made of. better-sqlite3 brings a ready-made binary for most machines; where it has none, it
# is compiled, with the headers of this very Node where they lie beside it, and a compiler is installed if we may.
set -eu
cd "$(dirname "$0")/.."

# Nothing to do when what is installed is what the lock file names.
if [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] &&
  node -e 'new (require("better-sqlite3"))(":memory:")' 2>/dev/null; then
  exit 0
fi

if npm ci --no-audit --no-fund; then
  exit 0
fi

echo 'trying again, with a compiler for better-sqlite3' >&2
headers=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
if [ -f "$headers/include/node/node.h" ]; then
  export npm_config_nodedir="$headers"
fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends g++ make python3
fi

if ! npm ci --no-audit --no-fund; then
  echo 'better-sqlite3 has no ready-made binary for this machine: install a C++ compiler, make and python3, and try again' >&2
  exit 1
fi
