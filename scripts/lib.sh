# shellcheck shell=bash disable=SC2034
# Shared by the scripts beside it: paths, free ports, background processes stopped by pid. Sourced, not run.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RUN=${FLOTILLA_RUN:-$ROOT/.run}
PIDS=$RUN/pids
LOGS=$RUN/logs
BIN=${FLOTILLA_BIN:-$ROOT/.build/release}
PGBIN=/usr/lib/postgresql/15/bin
MODEL=$RUN/models/efficientnet-lite0.onnx

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# A port of 127.0.0.1 on which nothing listens.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
    done
}

# alive NAME: whether the process in NAME's pid file runs and is ours.
alive() {
    local pid
    pid=$(cat "$PIDS/$1.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
    # Nothing at all is read of a process that is reaped at this moment.
    [[ $(awk '{print $3}' "/proc/$pid/stat" 2>/dev/null) == [!ZX] ]]
}

# launch NAME COMMAND...: in the background, its output in the log folder, its id in the pid folder.
launch() {
    local name=$1
    shift
    mkdir -p "$PIDS" "$LOGS"
    setsid "$@" >>"$LOGS/$name.log" 2>&1 </dev/null &
    echo $! >"$PIDS/$name.pid"
}

# wait_until SECONDS WHAT COMMAND...: polls the command.
wait_until() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || die "$what did not come up; see $LOGS"
        sleep 0.1
    done
}

# halt NAME [SIGNAL] [SECONDS]: asks, waits, then kills.
halt() {
    local name=$1 signal=${2:-TERM} seconds=${3:-30} pid
    pid=$(cat "$PIDS/$name.pid" 2>/dev/null) || return 0
    if alive "$name"; then
        kill -s "$signal" "$pid" 2>/dev/null || true
        local deadline=$((SECONDS + seconds))
        while alive "$name" && [ $SECONDS -lt $deadline ]; do sleep 0.05; done
        kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$PIDS/$name.pid"
}
