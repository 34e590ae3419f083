#!/bin/sh
# Installs what cachectl is made of. Node 22.16 and newer have SQLite built in, so nothing is compiled there. Below,
# better-sqlite3 brings a prebuilt binary for most machines. Elsewhere it is compiled, with the headers of this very Node
# where they lie beside it, and a compiler is installed if we may.
set -eu
cd "$(dirname "$0")/.."

has_sqlite() {
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 22 || (major === 22 && minor >= 16) ? 0 : 1)'
}
is_complete() {
  has_sqlite || node -e 'new (require("better-sqlite3"))(":memory:")' 2>/dev/null
}

# Nothing to do when what is installed is what the lock file names.
if [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] && is_complete; then
  exit 0
fi

if has_sqlite; then
  exec npm ci --no-audit --no-fund --ignore-scripts
fi

echo 'better-sqlite3 may be compiled, which takes a few minutes (not on Node 22.16 and newer)' >&2
# npm succeeds without an optional package.
if npm ci --no-audit --no-fund && is_complete; then
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

if ! npm ci --no-audit --no-fund || ! is_complete; then
  echo 'better-sqlite3 has no prebuilt binary for this machine: install a C++ compiler, make and python3, and try again' >&2
  exit 1
fi
