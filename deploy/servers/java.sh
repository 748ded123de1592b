# A Java machine, and servers as jars from Maven Central.
# shellcheck shell=bash

MAVEN_COPY=org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies
# Small and soon started.
# shellcheck disable=SC2034  # The servers' files use it.
JAVA_SMALL=(-Xms64m -Xmx256m -Xss512k -XX:MaxDirectMemorySize=128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1)

# fetch_jars KIND: those of deploy/servers/KIND/pom.xml.
fetch_jars() {
  local kind=$1 jars tries=3
  ensure_commands java:openjdk-17-jre-headless mvn:maven
  jars=$(jars_of "$kind")
  [[ -e $jars/complete ]] && return 0
  rm -rf "$CACHE/servers/$kind"-*
  say "fetching $kind"
  # Fetching sometimes fails half-way; what has arrived is kept.
  until mvn -B -q -f "$SERVERS/$kind/pom.xml" "$MAVEN_COPY" -DincludeScope=runtime -DoutputDirectory="$jars"; do
    ((--tries > 0)) || fail "could not fetch the jars of $kind from Maven Central"
  done
  touch "$jars/complete"
}

jars_of() { printf '%s\n' "$CACHE/servers/$1-$(sha256sum <"$SERVERS/$1/pom.xml" | cut -c1-16)"; }
