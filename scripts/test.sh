#!/usr/bin/env bash
# Builds and runs the whole test suite. The tests start their own servers on free loopback ports, and stop them.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
export FLOTILLA_LABEL_MODEL=$MODEL
export FLOTILLA_TEST_PYTHON=$RUN/python/bin/python3
"$ROOT/scripts/test-python.sh"
log=$RUN/test-build.log
mkdir -p "$RUN"
say "building the tests (a first build takes several minutes)"
if ! swift build --build-tests >"$log" 2>&1; then
    grep -E 'error:|warning:' "$log" | sort -u | head -n 40 >&2 || true
    tail -n 20 "$log" >&2
    die "the build failed; the whole log is $log"
fi
swift test --skip-build "$@"
