#!/usr/bin/env bash
# Builds and runs the whole test suite. The tests start their own servers on free loopback ports, and stop them.
# test.sh [SUITE...]: only these suites, as Tests/ names them (JobQueueTests).
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
export FLOTILLA_LABEL_MODEL=$MODEL
export FLOTILLA_TEST_PYTHON=$RUN/python/bin/python3
"$ROOT/scripts/test-python.sh"
log=$RUN/test-build.log
mkdir -p "$RUN/tests"
say "building the tests (a first build takes several minutes)"
if ! swift build --build-tests >"$log" 2>&1; then
    grep -E 'error:|warning:' "$log" | sort -u | head -n 40 >&2 || true
    tail -n 20 "$log" >&2
    die "the build failed; the whole log is $log"
fi

# One suite after the other: within a suite tests run side by side, but those of all suites at once would starve each
# other of the two cores they are written for.
suites=("$@")
if [ ${#suites[@]} = 0 ]; then
    for folder in Tests/*Tests; do suites+=("$(basename "$folder")"); done
fi
failed=()
for suite in "${suites[@]}"; do
    log=$RUN/tests/$suite.log
    began=$SECONDS
    if swift test --skip-build --filter "^$suite\\." >"$log" 2>&1; then
        summary=$(grep -o 'Test run with .* passed' "$log" | tail -n 1)
        [ -n "$summary" ] || failed+=("$suite (no tests ran)")
        printf '%-24s %s, %s s\n' "$suite" "${summary:-NO TESTS}" $((SECONDS - began))
    else
        failed+=("$suite")
        printf '%-24s FAILED, see %s\n' "$suite" "${log#"$ROOT/"}"
        grep -aE '✘|Fatal error|error:' "$log" | grep -av '^✘ Suite' | cut -c1-400 | head -n 40
    fi
done
[ ${#failed[@]} = 0 ] || die "${#failed[@]} of ${#suites[@]} suites failed: ${failed[*]}"
say "all ${#suites[@]} suites passed in $SECONDS s"
