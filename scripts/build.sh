#!/usr/bin/env bash
# Builds the release executables.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
for product in flotilla-api flotilla-scan-worker flotilla-analyze-worker flotilla-compress-worker \
    flotilla-export-worker flotilla-cron flotilla flotilla-helper-image flotilla-helper-video flotilla-helper-scan; do
    list+=("$product")
done
log=$RUN/build.log
mkdir -p "$RUN"
[ -x "$BIN/flotilla-api" ] || say "building in release mode (a first build takes several minutes)"
if ! swift build -c release >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "the build failed; the whole log is $log"
fi
for product in "${list[@]}"; do [ -x "$BIN/$product" ] || die "no $product after the build"; done
