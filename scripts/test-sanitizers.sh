#!/usr/bin/env bash
# The C wrappers under AddressSanitizer, the concurrent parts under ThreadSanitizer; each in a build folder of its own.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
export FLOTILLA_LABEL_MODEL=$MODEL
# libclamav and glib keep one-time allocations to the end, which the leak check would report.
# A program under AddressSanitizer maps terabytes, which no confinement lets it.
ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build-asan --skip ConfinementTests \
    --filter 'RedisTests|PostgresTests|VipsTests|FFmpegTests|ClamAVTests|SandboxTests'
TSAN_OPTIONS="suppressions=$ROOT/scripts/tsan.supp" swift test --sanitize=thread --scratch-path .build-tsan \
    --filter 'RedisTests|PostgresTests|JobQueueTests|WorkerTests|ObservabilityTests'
