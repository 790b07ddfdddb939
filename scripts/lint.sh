#!/usr/bin/env bash
# Formatting of the Swift sources, and the shell scripts. Changes nothing.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
swift format lint --strict --parallel -r Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources
if command -v shellcheck >/dev/null; then
    shellcheck -x -S warning -P SCRIPTDIR scripts/*.sh .ci/run
else
    for script in scripts/*.sh .ci/run; do bash -n "$script"; done
fi
say "lint: clean"
