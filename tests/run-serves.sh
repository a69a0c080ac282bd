#!/usr/bin/env bash
# ./run from outside, as a newcomer's terminal or a supervisor sees it: it becomes ready, serves events, and ends cleanly.
# Prints one line a check: `ok - NAME` or `not ok - NAME`. GENRECAST_CARGO_PROFILE picks the build.
# The checks are functions that `check` and `within` call by name.
# shellcheck disable=SC2317,SC2329
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null; rm -rf "$work"' EXIT

bad=0
check() {
    local name=$1
    shift
    if "$@"; then
        echo "ok - $name"
    else
        echo "not ok - $name"
        bad=1
    fi
}

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
}

# within SECONDS COMMAND…: tries until the command succeeds, the time is over, or the daemon has ended.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$daemon" 2>/dev/null; then return 1; fi
        sleep 0.2
    done
}

status_is() { [ "$(curl -s -o "$work/body" -w '%{http_code}' "http://$GENRECAST_SERVER__LISTEN$1")" = "$2" ]; }

# The build comes first, so that the times below are the daemon's alone.
cargo build --locked --profile "${GENRECAST_CARGO_PROFILE:-release}" --bin genrecast || exit 1
export GENRECAST_SERVER__LISTEN
GENRECAST_SERVER__LISTEN=127.0.0.1:$(free_port)
export GENRECAST_STATE_DIR=$work/state

# Standard output is a file, no terminal: ./run execs the daemon, whose process and exit code are then its own.
./run demo >"$work/log" 2>&1 </dev/null &
daemon=$!

check 'run: /livez answers 200' within 30 status_is /livez 200
check 'run: /readyz answers 200' within 60 status_is /readyz 200

case ${GENRECAST_CARGO_PROFILE:-release} in dev | test) built=debug ;; *) built=${GENRECAST_CARGO_PROFILE:-release} ;; esac
events() {
    timeout 60 "$target/$built/genrecast" listen "ws://$GENRECAST_SERVER__LISTEN/v1/events" --json 2>"$work/listen.err" |
        grep -m 3 '"type":"genre.window"' >"$work/events"
    [ "$(wc -l <"$work/events")" -eq 3 ]
}
check 'run: three genre.window events within a minute' events

stops_cleanly() {
    local began=$SECONDS status
    kill -TERM "$daemon"
    wait "$daemon"
    status=$?
    daemon=
    echo "exit code $status after $((SECONDS - began)) s"
    [ "$status" -eq 0 ] && [ $((SECONDS - began)) -le 3 ]
}
check 'run: SIGTERM ends it with exit code 0 within three seconds' stops_cleanly

if [ "$bad" -ne 0 ]; then
    echo '--- what ./run said:'
    cat "$work/log"
    echo '--- what genrecast listen said:'
    cat "$work/listen.err" 2>/dev/null
fi
exit "$bad"
