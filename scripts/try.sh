#!/bin/sh
# From a fresh clone to a value stored and read in the embedded SQLite file.
set -eu
cd "$(dirname "$0")/.."

step() {
  printf '\n==> %s\n' "$1" >&2
}

step "Installing packages for Node $(node -v)"
sh scripts/install.sh
step 'Building dist/'
npm run --silent build
step 'Storing a value and reading it'
echo "$ bin/run.js put greeting 'hello from cachectl' --ttl 10m"
bin/run.js put greeting 'hello from cachectl' --ttl 10m
echo '$ bin/run.js get greeting'
bin/run.js get greeting

cat <<'END'

Next:
  bin/run.js keys --long                             # lists the entries of the embedded store
  bin/run.js doctor --url redis://127.0.0.1:6379     # checks a Redis server step by step
  npm link && cachectl --help                        # puts cachectl on your PATH and lists the commands
END
