#!/usr/bin/env bash
# The main job from end to end: starts a fleet (unless one is up), sends the sample batch through HTTP, shows its
# progress live, prints what became of each file, and leaves the ZIP in .run/demo. Exit status 0 only if all of it happened.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
started=$(date +%s.%N)
was_up=no
if alive api; then was_up=yes; fi
cleanup() { [ $was_up = yes ] || "$ROOT/scripts/down.sh" 2>/dev/null || true; }
trap cleanup EXIT
trap 'exit 130' INT TERM

"$ROOT/scripts/up.sh"
set -a
# shellcheck disable=SC1091
. "$RUN/fleet.env"
set +a
demo=$RUN/demo
rm -rf "$demo"
mkdir -p "$demo"

# call METHOD PATH [CURL OPTION...]: prints the body; a status of 400 or more ends the demo.
call() {
    local method=$1 path=$2
    shift 2
    curl -sS --fail-with-body -X "$method" -H "Authorization: Bearer $FLOTILLA_API_KEY" "$@" "$FLOTILLA_URL$path" ||
        die "$method $path failed"
}
encoded() { jq -rn --arg name "$1" '$name | @uri'; }

batch=$(call POST /v1/batches -H 'Content-Type: application/json' \
    -d '{"recipe":"bulk-rename","keywords":["sample"]}' | jq -r .id)
say "batch $batch"
uploaded=0
for file in examples/sample/*; do
    name=$(basename "$file")
    [ "$name" != README.md ] || continue
    call PUT "/v1/batches/$batch/assets/$(encoded "$name")" -T "$file" >/dev/null
    uploaded=$((uploaded + 1))
done
# The EICAR test file, from its two halves: harmless, and found by every scanner.
first='X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR'
second='-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'
printf '%s%s' "$first" "$second" | call PUT "/v1/batches/$batch/assets/invoice.pdf" -T - >/dev/null
uploaded=$((uploaded + 1))

"$BIN/flotilla" watch "$batch" --timeout 600 --ready-file "$demo/watching" &
watcher=$!
wait_until 10 "the subscription" test -e "$demo/watching"
call POST "/v1/batches/$batch/start" >/dev/null
wait $watcher || die "the batch did not come to its end"

call GET "/v1/batches/$batch" >"$demo/batch.json"
call GET "/v1/batches/$batch/assets?limit=200" >"$demo/assets.json"
call GET "/v1/batches/$batch/export" -o "$demo/sample.zip"

echo
jq -r --arg total "$uploaded" '
    def kb: if . == null then "-" elif . < 10240 then "\(.) B" else "\(. / 1024 | floor) KB" end;
    ["FILE", "VERDICT", "NEW NAME", "TYPE", "BEFORE", "AFTER", "SAVED"],
    (.items[] | (.variants | map(select(.name == "web" or .name == "video")) | .[0]) as $v |
        [.original_name, .scan.verdict, (.proposed_name // "-"), .mime_type, (.bytes | kb), ($v.bytes | kb),
            (if $v == null then "-" else "\(100 - ($v.bytes * 100 / .bytes) | round)%" end)]) | @tsv' \
    "$demo/assets.json" | column -t -s "$(printf '\t')"
echo

# What was promised, checked.
check() { jq -e "$2" "$demo/$1" >/dev/null || die "not as promised: $3 (see $demo/$1)"; }
check batch.json '.status == "completed" and .percent == 100' "the batch is completed"
check batch.json ".total == $uploaded and .infected == 1 and .failed == 0" "all files through, one infected"
check assets.json '[.items[] | select(.status == "infected")] | length == 1 and .[0].original_name == "invoice.pdf"' \
    "the EICAR file was found"
check assets.json '[.items[] | select(.status == "completed") | .variants | length] | min >= 1' "each file has variants"
unzip -tq "$demo/sample.zip" >/dev/null || die "the ZIP does not pass unzip -t"
entries=$(unzip -Z1 "$demo/sample.zip" | grep -vc '^manifest.json$')
[ "$entries" -ge $((uploaded - 1)) ] || die "the ZIP holds $entries files; expected $((uploaded - 1))"
! unzip -Z1 "$demo/sample.zip" | grep -q invoice || die "the infected file is in the ZIP"

echo "ZIP   .run/demo/sample.zip ($(stat -c %s "$demo/sample.zip") bytes, $entries files and manifest.json)"
printf 'took  %s s\n' "$(awk -v a="$started" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')"
