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
echo "== queue: jobs that do nothing (AOF everysec)"
"$bench" throughput --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs "$jobs"
echo "== queue: the same, with a snapshot and a message for each job"
"$bench" throughput --redis "redis://127.0.0.1:$port" --runs "$runs" --jobs "$((jobs / 4))" --recorded
echo "== upload"
Benchmarks/upload.py "$upload"
echo "== pipeline"
Benchmarks/pipeline.py "${BENCH_MEDIA:-Tests/Media/photo}" "$copies" "$runs"
