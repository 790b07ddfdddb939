#!/usr/bin/env bash
# The C wrappers under AddressSanitizer, the concurrent parts under ThreadSanitizer; each in a build folder of its own.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
export FLOTILLA_LABEL_MODEL=$MODEL
failed=()

# check KIND SUITE... : each suite in a process of its own, as timing suffers enough.
check() {
    local kind=$1 folder=.build-${1:0:1}san suite
    shift
    swift build --build-tests --sanitize="$kind" --scratch-path "$folder"
    for suite in "$@"; do
        # A program under AddressSanitizer maps terabytes, which no confinement lets it.
        swift test --skip-build --sanitize="$kind" --scratch-path "$folder" --skip ConfinementTests --filter "^$suite\." ||
            failed+=("$kind: $suite")
    done
}

# libclamav and glib keep one-time allocations to the end, which the leak check would report.
export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS="suppressions=$ROOT/scripts/tsan.supp"
case ${1:-both} in address | both) check address RedisTests PostgresTests VipsTests FFmpegTests ClamAVTests SandboxTests ;; esac
case ${1:-both} in thread | both) check thread RedisTests PostgresTests JobQueueTests WorkerTests ObservabilityTests ;; esac
((${#failed[@]} == 0)) || die "$(printf '%s; ' "${failed[@]}")"
