#!/usr/bin/env bash
# Brings up the private fleet: Redis, PostgreSQL, the API and N workers of each kind. Starts only what is not running.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
umask 077
mkdir -p "$PIDS" "$LOGS" "$RUN/redis" "$RUN/storage" "$RUN/scratch"

env_file=$RUN/fleet.env
ports=$RUN/ports.env
if [ ! -s "$ports" ]; then
    printf 'REDIS_PORT=%s\nPG_PORT=%s\nAPI_PORT=%s\n' "$(free_port)" "$(free_port)" "$(free_port)" >"$ports"
fi
# shellcheck disable=SC1090
. "$ports"

# A port that somebody else took since the last run is exchanged for a free one.
claim_port() { # NAME VARIABLE
    if ! alive "$1" && (exec 3<>"/dev/tcp/127.0.0.1/${!2}") 2>/dev/null; then
        sed -i "s/^$2=.*/$2=$(free_port)/" "$ports"
        # shellcheck disable=SC1090
        . "$ports"
    fi
}
claim_port redis REDIS_PORT
claim_port postgres PG_PORT
claim_port api API_PORT

if ! alive redis; then
    launch redis redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$RUN/redis" --appendonly yes \
        --appendfsync everysec --save '' --maxmemory-policy noeviction
fi
wait_until 15 Redis redis-cli -p "$REDIS_PORT" ping

"$ROOT/scripts/postgres.sh" start "$RUN/postgres" "$PG_PORT"

export FLOTILLA_REDIS_URL=redis://127.0.0.1:$REDIS_PORT/0
export FLOTILLA_DATABASE_URL=postgresql://flotilla@127.0.0.1:$PG_PORT/flotilla
export FLOTILLA_STORAGE_URL=file://$RUN/storage
export FLOTILLA_NAMESPACE=${FLOTILLA_NAMESPACE:-flotilla}
export FLOTILLA_RECIPES=${FLOTILLA_RECIPES:-$ROOT/jobs}
export FLOTILLA_SCRATCH=$RUN/scratch
export FLOTILLA_LABEL_MODEL=$MODEL
if [ -z "${FLOTILLA_CLAMAV_DB:-}" ]; then
    "$ROOT/scripts/clamav-test-db.sh" "$RUN/clamav"
    export FLOTILLA_CLAMAV_DB=$RUN/clamav
fi
"$BIN/flotilla" migrate >>"$LOGS/migrate.log" 2>&1 || die "the database could not be migrated; see $LOGS/migrate.log"

if [ ! -s "$env_file" ] || ! grep -q '^FLOTILLA_API_KEY=.' "$env_file"; then
    key=$("$BIN/flotilla" keys create --name local --scopes all --quiet)
else
    key=$(sed -n 's/^FLOTILLA_API_KEY=//p' "$env_file")
fi
cat >"$env_file" <<EOF
FLOTILLA_URL=http://127.0.0.1:$API_PORT
FLOTILLA_API_KEY=$key
FLOTILLA_REDIS_URL=$FLOTILLA_REDIS_URL
FLOTILLA_DATABASE_URL=$FLOTILLA_DATABASE_URL
FLOTILLA_STORAGE_URL=$FLOTILLA_STORAGE_URL
FLOTILLA_NAMESPACE=$FLOTILLA_NAMESPACE
FLOTILLA_RECIPES=$FLOTILLA_RECIPES
EOF

if ! alive api; then
    FLOTILLA_API_ADDR=127.0.0.1:$API_PORT launch api "$BIN/flotilla-api"
fi

ready=("http://127.0.0.1:$API_PORT/health/ready")
for kind in scan analyze compress export; do
    variable=N_${kind^^}
    count=${!variable:-1}
    for ((i = 1; i <= count; i++)); do
        name=$kind-$i
        address_file=$RUN/$name.addr
        if ! alive "$name"; then
            echo "127.0.0.1:$(free_port)" >"$address_file"
            FLOTILLA_METRICS_ADDR=$(cat "$address_file") launch "$name" "$BIN/flotilla-$kind-worker"
        fi
        ready+=("http://$(cat "$address_file")/health/ready")
    done
    for file in "$PIDS/$kind"-*.pid; do
        [ -e "$file" ] || continue
        name=$(basename "$file" .pid)
        if [ "${name##*-}" -gt "$count" ]; then halt "$name"; fi
    done
done
for url in "${ready[@]}"; do wait_until 60 "$url" curl -fsS "$url"; done
say "up: FLOTILLA_URL=http://127.0.0.1:$API_PORT (settings in .run/fleet.env)"
