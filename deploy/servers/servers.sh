#!/usr/bin/env bash
# Real servers for tests and for a cluster on one machine, from packages, without containers.
#
#   deploy/servers/servers.sh COMMAND FOLDER SERVER[:NODE]...
#
#   fetch    installs and downloads what the servers need; FOLDER is left as it is
#   start    starts them, with what they kept in FOLDER, and returns when each answers
#   stop     ends them in order
#   kill     ends them at once, as a crash would
#   pause    makes them stand still, as a hung machine would
#   resume   lets them go on
#   restart  kill, then start
#   status   says which run
#   remove   ends them and deletes what they kept
#
# Servers: kafka, kafka3 (three brokers), cassandra, cassandra3 (three nodes), postgres, redis (1: the first master, 2: its
# replica, 3 to 5: Sentinels). With :NODE only that node is meant, counted from 1. After start, FOLDER/env says where they are.
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$PROJECT/deploy/servers/lib.sh"

main() {
  (($# >= 3)) || fail "usage: deploy/servers/servers.sh COMMAND FOLDER SERVER[:NODE]...; see the head of the file"
  local command=$1 folder
  case $command in
    fetch | start | stop | kill | pause | resume | restart | status | remove) ;;
    *) fail "no command is called $command" ;;
  esac
  folder=$(realpath -m -- "$CALLED_FROM/$2")
  [[ $2 != /* ]] || folder=$2
  shift 2
  "servers_$command" "$folder" "$@"
}

main "$@"
