#!/bin/sh
# From a fresh clone to a value stored and read on the embedded store.
set -eu
cd "$(dirname "$0")/.."

step() {
  printf '\n==> %s\n' "$1" >&2
}
show() {
  printf '$ cachectl %s\n' "$*"
  bin/run.js "$@"
}

step "Installing packages for Node $(node -v)"
sh scripts/install.sh
step 'Building dist/'
npm run --silent build
step 'Storing a value and reading it'
show put greeting 'hello from cachectl' --ttl 10m
show get greeting

cat <<'END'

Next:
  npm link                   # puts cachectl on your PATH
  bin/run.js --help          # lists the commands
  bin/run.js get greeting --url redis://127.0.0.1:6379   # the same on another store
END
