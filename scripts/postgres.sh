#!/usr/bin/env bash
# postgres.sh start|stop DIRECTORY PORT: a private PostgreSQL whose files are in DIRECTORY, on 127.0.0.1 only.
. "$(dirname "$0")/lib.sh"
action=$1 data=$2 port=$3

# PostgreSQL refuses to run as root: drop to its own user, who may lack the way into this folder; the one
# capability lets it through without changing anybody's permissions.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override "$@"
    else
        "$@"
    fi
}

if [ "$action" = stop ]; then
    halt postgres INT
    exit 0
fi

if [ ! -s "$data/PG_VERSION" ]; then
    mkdir -p "$data"
    chmod 700 "$data"
    [ "$(id -u)" != 0 ] || chown postgres:postgres "$data"
    as_server "$PGBIN/initdb" -D "$data" -U flotilla --auth=trust --no-locale -E UTF8 >"$LOGS/initdb.log" 2>&1 ||
        die "initdb failed; see $LOGS/initdb.log"
fi
if ! alive postgres; then
    rm -f "$data/postmaster.pid"
    if [ "$(id -u)" = 0 ]; then
        launch postgres setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=+dac_override \
            --ambient-caps=+dac_override "$PGBIN/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories= -c max_connections=100
    else
        launch postgres "$PGBIN/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories= -c max_connections=100
    fi
fi
wait_until 30 PostgreSQL "$PGBIN/pg_isready" -h 127.0.0.1 -p "$port"
"$PGBIN/psql" -h 127.0.0.1 -p "$port" -U flotilla -d postgres -Atc "select 1 from pg_database where datname = 'flotilla'" |
    grep -q 1 || "$PGBIN/createdb" -h 127.0.0.1 -p "$port" -U flotilla flotilla
