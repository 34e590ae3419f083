#!/bin/sh
# Installs the packages that cachectl needs. Node 22.16 and later have SQLite built in, so nothing is compiled. On
# older releases, better-sqlite3 is a prebuilt binary, or is compiled if there is none.
set -eu
cd "$(dirname "$0")/.."

say() {
  printf '%s\n' "$1" >&2
}
has_sqlite() {
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 22 || (major === 22 && minor >= 16) ? 0 : 1)'
}
is_built() {
  has_sqlite || node -e 'new (require("better-sqlite3"))(":memory:")' 2>/dev/null
}

# Without a terminal, npm prints nothing until it is done, so report every ten seconds that it is still running. This
# ends with the script.
with_progress() {
  label=$1
  shift
  (
    seconds=0
    while sleep 10 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
      seconds=$((seconds + 10))
      say "    still $label ($seconds s)"
    done
  ) &
  reporter=$!
  status=0
  "$@" || status=$?
  kill "$reporter" 2>/dev/null || :
  wait "$reporter" 2>/dev/null || :
  return "$status"
}

# npm leaves out an optional package if its build fails.
is_installed() {
  [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] &&
    { has_sqlite || [ -d node_modules/better-sqlite3 ]; }
}

if ! is_installed; then
  say '    npm ci: installing the packages of package-lock.json'
  with_progress 'installing packages' npm ci --no-audit --no-fund --no-update-notifier --ignore-scripts
fi

if is_built; then
  exit 0
fi

# node-gyp downloads headers unless they are beside this Node.
headers=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
if [ -f "$headers/include/node/node.h" ]; then
  export npm_config_nodedir="$headers"
fi

build_binding() {
  with_progress 'building better-sqlite3' npm rebuild better-sqlite3 --foreground-scripts --no-update-notifier >&2 && is_built
}

say "    better-sqlite3: Node $(node -v) lacks SQLite. Without a prebuilt binary this compiles for a few minutes."
if build_binding; then
  exit 0
fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  say '    Installing a C++ compiler, make and python3, then building better-sqlite3 again'
  with_progress 'installing the compiler' sh -c 'apt-get update -q &&
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends g++ make python3' >&2
  if build_binding; then
    exit 0
  fi
fi

say "error: better-sqlite3 could not be built for Node $(node -v)"
say '  Install a C++ compiler, make and python3 and run this again, or use Node 22.16 or newer, which needs none of them.'
exit 1
