#!/bin/sh
# Installs the servers of the tests, and PHP with its extensions, when run as root on Debian or Ubuntu. Unpacks other
# servers, and another release of Node, in the user's cache folder.
set -eu
cd "$(dirname "$0")/.."

missing=''
need() {
  missing="$missing $1"
}
program() {
  command -v "$1" >/dev/null
}
extension() {
  program php && php -m | grep -qix "$1"
}
# Whether a Laravel component is where Debian installs it for PHP.
component() {
  program php && php -r 'exit(stream_resolve_include_path("$argv[1]/autoload.php") ? 0 : 1);' "$1"
}

program redis-server || need redis-server
program memcached || need memcached
program nutcracker || need nutcracker
program python3 && python3 -m pip --version >/dev/null 2>&1 || need python3-pip
program zsh || need zsh
program fish || need fish
program saslpasswd2 || need sasl2-bin
program sshd || [ -x /usr/sbin/sshd ] || need openssh-server
program ssh || need openssh-client
program mariadbd || [ -x /usr/sbin/mariadbd ] || need mariadb-server
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || need postgresql
program php || need php-cli
extension pdo_sqlite || need php-sqlite3
extension pdo_mysql || need php-mysql
extension pdo_pgsql || need php-pgsql
extension redis || need php-redis
extension memcached || need php-memcached
extension igbinary || need php-igbinary
extension msgpack || need php-msgpack
component Illuminate/Cache || need php-illuminate-cache
component Illuminate/Redis || need php-illuminate-redis
component Illuminate/Database || need php-illuminate-database
component Illuminate/Filesystem || need php-illuminate-filesystem
# These build the substitutes for MongoDB. Debian's Go is too old, so Go is used only if it is installed.
if [ -z "${CACHECTL_TEST_MONGODB_URL:-}" ] && ! program mongod; then
  program javac || need default-jdk-headless
  program mvn || need maven
fi
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q
    # shellcheck disable=SC2086 # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
  else
    echo "not installed, so what needs them is skipped:$missing" >&2
  fi
fi

[ -n "${CACHECTL_TEST_MONGODB_URL:-}" ] || sh scripts/test-mongodb.sh
sh scripts/test-redis.sh
# Another release of Node, on which cachectl is installed.
sh scripts/fetch-node.sh 26 >/dev/null || echo 'Node 26 could not be fetched. Its tests are skipped.' >&2
