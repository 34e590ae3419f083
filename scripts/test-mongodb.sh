#!/bin/sh
# Installs servers that speak MongoDB's protocol, for tests on a machine without mongod: FerretDB (with Go) and
# mongo-java-server (with Maven). Each is built once, in the user's cache folder, if its tools are there. A test
# without its server says so.
set -eu
cd "$(dirname "$0")/.."
FERRETDB=v1.24.2
MONGO_JAVA_SERVER=1.47.0
cache="${XDG_CACHE_HOME:-$HOME/.cache}/cachectl-test"

command -v mongod >/dev/null && exit 0
mkdir -p "$cache"
aside=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$aside"' EXIT

ferretdb="$cache/ferretdb-$FERRETDB"
if [ ! -x "$ferretdb" ] && command -v go >/dev/null; then
  module=$(go mod download -json "github.com/FerretDB/FerretDB@$FERRETDB" |
    node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).Dir')
  cp -R "$module" "$aside/ferretdb"
  chmod -R u+w "$aside/ferretdb"
  # Releases contain this file and the program needs it, but the module proxy's archive lacks it.
  echo "$FERRETDB" >"$aside/ferretdb/build/version/version.txt"
  (cd "$aside/ferretdb" && CGO_ENABLED=0 go build -trimpath -o "$aside/ferretdb.bin" ./cmd/ferretdb)
  mv "$aside/ferretdb.bin" "$ferretdb"
fi

java="$cache/mongo-java-server-$MONGO_JAVA_SERVER"
if [ ! -d "$java" ] && command -v mvn >/dev/null && command -v javac >/dev/null; then
  cat >"$aside/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>cachectl</groupId><artifactId>test-servers</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>de.bwaldvogel</groupId><artifactId>mongo-java-server</artifactId><version>$MONGO_JAVA_SERVER</version></dependency>
  </dependencies>
</project>
POM
  mvn -q -B -f "$aside/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$aside/java"
  javac -cp "$aside/java/*" -d "$aside/java" test/support/mongodb/MongoJavaServer.java
  mv "$aside/java" "$java"
fi
