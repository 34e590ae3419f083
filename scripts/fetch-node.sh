#!/bin/sh
# Print the path of another Node release, by major version: sh scripts/fetch-node.sh 24
# Downloaded from npm once and kept in the user's cache folder.
set -eu

case "${1:-}" in
  22) version=22.23.3 ;;
  24) version=24.21.0 ;;
  26) version=26.10.0 ;;
  *)
    echo 'usage: sh scripts/fetch-node.sh 22|24|26' >&2
    exit 2
    ;;
esac

program="${XDG_CACHE_HOME:-$HOME/.cache}/cachectl-test/node-$version"
if [ ! -x "$program" ]; then
  platform=$(node -p "[process.platform, process.arch].join('-')")
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  npm pack --silent --pack-destination "$folder" "node-$platform@$version" >/dev/null
  tar -xzf "$folder"/*.tgz -C "$folder" package/bin/node
  mkdir -p "${program%/*}"
  mv "$folder/package/bin/node" "$program"
fi
printf '%s\n' "$program"
