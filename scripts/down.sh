#!/usr/bin/env bash
# Stops the private fleet: workers first, then the API, then the servers.
. "$(dirname "$0")/lib.sh"
for file in "$PIDS"/*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    case $name in redis | postgres | api) ;; *) halt "$name" & ;; esac
done
wait
halt api
"$ROOT/scripts/postgres.sh" stop "$RUN/postgres" 0
halt redis
say "down"
