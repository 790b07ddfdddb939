#!/usr/bin/env bash
# Starts a private Redis (AOF everysec) and PostgreSQL, and tortures a fleet on them: MINUTES, SEED.
# Further arguments go to flotilla torture.
export FLOTILLA_RUN=${FLOTILLA_RUN:-$(cd "$(dirname "$0")/.." && pwd)/.run/torture}
. "$(dirname "$0")/lib.sh"
umask 077
[ -x "$BIN/flotilla" ] || die "$BIN/flotilla is missing: run make build"
mkdir -p "$PIDS" "$LOGS" "$RUN/redis"
if alive redis || alive postgres; then die "a torture runs already; its process ids are in $PIDS"; fi
redis_port=$(free_port)
pg_port=$(free_port)

# The programs with which the run starts again what it has killed.
cat >"$RUN/start-redis" <<EOF
#!/usr/bin/env bash
export FLOTILLA_RUN='$RUN'
. '$ROOT/scripts/lib.sh'
launch redis redis-server --port $redis_port --bind 127.0.0.1 --dir '$RUN/redis' --appendonly yes \\
    --appendfsync everysec --save '' --maxmemory-policy noeviction --enable-debug-command local
wait_until 15 Redis redis-cli -p $redis_port ping
EOF
cat >"$RUN/start-postgres" <<EOF
#!/usr/bin/env bash
export FLOTILLA_RUN='$RUN'
exec '$ROOT/scripts/postgres.sh' start '$RUN/postgres' $pg_port
EOF
chmod +x "$RUN/start-redis" "$RUN/start-postgres"
trap 'halt redis; halt postgres INT; rm -rf "$RUN/redis" "$RUN/postgres" "$RUN"/start-*' EXIT
"$RUN/start-redis"
"$RUN/start-postgres"

export FLOTILLA_REDIS_URL=redis://127.0.0.1:$redis_port/0
export FLOTILLA_DATABASE_URL=postgresql://flotilla@127.0.0.1:$pg_port/flotilla
"$BIN/flotilla" torture --minutes "${MINUTES:-5}" --seed "${SEED:-1}" --servers "$RUN" "$@"
