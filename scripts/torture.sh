#!/usr/bin/env bash
# Tortures a fleet on private servers: a Redis primary with two replicas and three sentinels (SENTINELS=0: one Redis),
# AOF everysec, and PostgreSQL. MINUTES, SEED; further arguments go to flotilla torture.
export FLOTILLA_RUN=${FLOTILLA_RUN:-$(cd "$(dirname "$0")/.." && pwd)/.run/torture}
. "$(dirname "$0")/lib.sh"
umask 077
[ -x "$BIN/flotilla" ] || die "$BIN/flotilla is missing: run make build"
mkdir -p "$PIDS" "$LOGS" "$RUN/ports"
servers=(redis)
sentinels=()
if [ "${SENTINELS:-1}" != 0 ]; then
    servers=(redis-1 redis-2 redis-3)
    sentinels=(sentinel-1 sentinel-2 sentinel-3)
fi
for name in redis redis-1 redis-2 redis-3 postgres; do
    if alive "$name"; then die "a torture runs already; its process ids are in $PIDS"; fi
done
rm -rf "$RUN"/start-* "$RUN"/ports/* "$RUN"/redis* "$RUN"/sentinel*

# What clients of the servers see of their ports must not change its length, since the fault proxy puts others in place.
for name in "${servers[@]}" "${sentinels[@]}" postgres; do free_port >"$RUN/ports/$name"; done
port() { cat "$RUN/ports/$1"; }

# The programs with which the run starts again what it has killed.
for name in "${servers[@]}"; do
    mkdir -p "$RUN/$name"
    cat >"$RUN/start-$name" <<EOF
#!/usr/bin/env bash
export FLOTILLA_RUN='$RUN'
. '$ROOT/scripts/lib.sh'
launch $name redis-server --port $(port "$name") --bind 127.0.0.1 --dir '$RUN/$name' --appendonly yes \\
    --appendfsync everysec --save '' --maxmemory-policy noeviction --enable-debug-command local \\
    --repl-diskless-sync-delay 0 --repl-backlog-size 16mb
wait_until 30 $name bash -c "redis-cli -p $(port "$name") ping | grep -q PONG"
EOF
done
cat >"$RUN/start-postgres" <<EOF
#!/usr/bin/env bash
export FLOTILLA_RUN='$RUN'
exec '$ROOT/scripts/postgres.sh' start '$RUN/postgres' $(port postgres)
EOF
chmod +x "$RUN"/start-*

halt_all() {
    for name in "${sentinels[@]}" "${servers[@]}"; do halt "$name"; done
    halt postgres INT
    rm -rf "$RUN/postgres" "$RUN"/redis* "$RUN"/sentinel* "$RUN"/start-*
}
trap halt_all EXIT
for name in "${servers[@]}" postgres; do "$RUN/start-$name"; done

if [ ${#sentinels[@]} -gt 0 ]; then
    for name in redis-2 redis-3; do redis-cli -p "$(port "$name")" replicaof 127.0.0.1 "$(port redis-1)" >/dev/null; done
    addresses=()
    for name in "${sentinels[@]}"; do
        mkdir -p "$RUN/$name"
        cat >"$RUN/$name/sentinel.conf" <<EOF
port $(port "$name")
bind 127.0.0.1
dir $RUN/$name
sentinel monitor jobs 127.0.0.1 $(port redis-1) 2
sentinel down-after-milliseconds jobs 1000
sentinel failover-timeout jobs 3000
sentinel parallel-syncs jobs 2
EOF
        launch "$name" redis-server "$RUN/$name/sentinel.conf" --sentinel
        addresses+=("127.0.0.1:$(port "$name")")
    done
    for name in "${sentinels[@]}"; do
        wait_until 15 "$name" redis-cli -p "$(port "$name")" ping
        # How often it looks at the servers and tells the others: ten and two seconds would be the rule.
        redis-cli -p "$(port "$name")" sentinel debug info-period 500 publish-period 300 >/dev/null
    done
    for name in "${sentinels[@]}"; do
        wait_until 30 "what $name knows of the others" bash -c \
            "redis-cli -p $(port "$name") sentinel master jobs | grep -A1 -E '^num-(slaves|other-sentinels)$' | grep -c '^2$' | grep -q 2"
    done
    FLOTILLA_REDIS_URL=redis+sentinel://$(IFS=,; echo "${addresses[*]}")/jobs
else
    FLOTILLA_REDIS_URL=redis://127.0.0.1:$(port redis)/0
fi
FLOTILLA_DATABASE_URL=postgresql://flotilla@127.0.0.1:$(port postgres)/flotilla
export FLOTILLA_REDIS_URL FLOTILLA_DATABASE_URL
"$BIN/flotilla" torture --minutes "${MINUTES:-5}" --seed "${SEED:-1}" --servers "$RUN" "$@" &
torture=$!
# Asked to stop, the run judges what it has done so far, and tidies up.
trap 'kill -TERM $torture 2>/dev/null' TERM INT
while status=0; wait "$torture" || status=$?; kill -0 "$torture" 2>/dev/null; do :; done
exit "$status"
