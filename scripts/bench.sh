#!/usr/bin/env bash
# Runs every benchmark of Benchmarks/ and prints medians, as ratios to a peer or a limit measured in the same run.
# BENCH_QUICK=1 does fewer and smaller runs.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
runs=5 jobs=200000 upload=1024 copies=3
if [ -n "${BENCH_QUICK:-}" ]; then runs=2 jobs=20000 upload=64 copies=1; fi

say "building the benchmarks"
swift build --package-path Benchmarks -c release >"$RUN/bench-build.log" 2>&1 || die "see $RUN/bench-build.log"
bench=Benchmarks/.build/release/queue-bench

port=$(free_port)
mkdir -p "$RUN/bench-redis"
launch bench-redis redis-server --port "$port" --bind 127.0.0.1 --dir "$RUN/bench-redis" --appendonly yes \
    --appendfsync everysec --save '' --auto-aof-rewrite-percentage 0
trap 'halt bench-redis; rm -rf "$RUN/bench-redis"' EXIT
wait_until 15 Redis redis-cli -p "$port" ping

echo "== queue: time from enqueue to start"
"$bench" start-latency --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs $((jobs / 200))
"$bench" start-latency --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs $((jobs / 200)) --immediate
echo "== queue: the least such a time can be, written in C; Sidekiq's"
cc -O2 -o "$RUN/brpop-latency" Benchmarks/peers/brpop_latency.c -lhiredis -lpthread
for ((i = 0; i < runs; i++)); do echo "  run $((i + 1)): $("$RUN/brpop-latency" "$port" $((jobs / 200)))"; done
command -v sidekiq >/dev/null || as_root apt-get install -y -qq --no-install-recommends ruby-sidekiq >/dev/null || true
if command -v sidekiq >/dev/null; then Benchmarks/peers/start_latency.py "$port" "$runs" $((jobs / 200)); fi
echo "== queue: jobs that do nothing (AOF everysec)"
"$bench" throughput --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs "$jobs"
echo "== queue: the least a reliable queue can do, written in C (16 a call, then 100)"
cc -O2 -o "$RUN/minimal-cycle" Benchmarks/peers/minimal_cycle.c -lhiredis
for ((i = 0; i < runs; i++)); do
    echo "  run $((i + 1)): $("$RUN/minimal-cycle" "$port" "$jobs" 16) and $("$RUN/minimal-cycle" "$port" "$jobs" 100) cycles/s"
done
echo "== queue: peers"
if [ ! -x "$RUN/bench-python/bin/python3" ]; then
    /usr/bin/python3 -m venv "$RUN/bench-python"
    for peer in arq rq huey 'dramatiq[redis]' saq 'taskiq taskiq-redis' 'celery[redis]'; do
        # shellcheck disable=SC2086
        "$RUN/bench-python/bin/pip" install -q --disable-pip-version-check $peer || say "without $peer"
    done
fi
BENCH_RUNS=$runs "$RUN/bench-python/bin/python3" Benchmarks/peers/peers.py "$port"
echo "== queue: the same, with a snapshot and a message for each job"
"$bench" throughput --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs "$((jobs / 4))" --recorded
echo "== queue: jobs of 1,000 tenants"
"$bench" throughput --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs "$((jobs / 2))" --tenants 1000
for workers in 4 16 64; do
    echo "== queue: $workers workers"
    "$bench" throughput --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs "$jobs" --workers "$workers"
done
echo "== queue: enqueue"
"$bench" enqueue --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs "$((jobs / 4))"
"$ROOT/scripts/test-python.sh"
for part in "enqueue_http.py $runs" "worker.py $runs" kills.py subscribers.py "cancel.py $((runs * 3))"; do
    echo "== ${part%% *}"
    # shellcheck disable=SC2086
    "$RUN/python/bin/python3" Benchmarks/$part
done
echo "== upload"
Benchmarks/upload.py "$upload"
echo "== pipeline"
Benchmarks/pipeline.py "${BENCH_MEDIA:-Tests/Media/photo}" "$copies" "$runs"
