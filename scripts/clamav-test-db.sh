#!/bin/sh
# Builds a small signature directory that knows the EICAR test file and nothing else, for demos and tests without the
# real database (which freshclam fetches).
#
# usage: clamav-test-db.sh FOLDER
#
# Idempotent: files that are right already are not touched, so a running engine sees no change.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 FOLDER" >&2
    exit 64
fi
folder=$1
mkdir -p "$folder"

# The 68 bytes of the test file, in pieces: this script must not be taken for the file itself.
first='X5O!P%@AP[4\PZX54(P^)7CC)7}'
second='$EICAR-STANDARD-ANTIVIRUS-'
third='TEST-FILE!$H+H*'
hex=$(printf '%s%s%s' "$first" "$second" "$third" | od -An -v -tx1 | tr -d ' \n')
md5=$(printf '%s%s%s' "$first" "$second" "$third" | md5sum | cut -d' ' -f1)

put() {
    if [ "$(cat "$folder/$1" 2>/dev/null || true)" != "$2" ]; then
        # A reader sees the old file or the new one, never half of it.
        printf '%s\n' "$2" >"$folder/.$1.$$"
        mv -f "$folder/.$1.$$" "$folder/$1"
    fi
}

put flotilla-test.ndb "Eicar-Signature:0:*:$hex"
put flotilla-test.hdb "$md5:68:Eicar-Signature"
