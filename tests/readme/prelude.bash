# shellcheck shell=bash
# What stands between README.md's commands and the world while a test runs them: endless ones are ended once they have
# shown that they work, example.org is a file, and what would be installed goes below $DESTDIR. Everything else is real.
# Set by test_readme.py: ROOT, GENRECAST (the binary), PORT, WORK (a folder of this block's own), DESTDIR.

fail() {
    echo "failed: $*" >>"$WORK/failures"
    return 1
}

genrecast() {
    case $1 in
    run) run_daemon "${@:2}" ;;
    listen) follow "${@:2}" ;;
    history) past "${@:2}" ;;
    # A machine without a microphone, or with a daemon already, has something to tell.
    doctor) "$GENRECAST" "$@" || [ $? -eq 9 ] || fail "genrecast $*: exit status $?" ;;
    # What it tells does not count here, so it need not take its time.
    bench) "$GENRECAST" "$@" --seconds 4 || fail "genrecast $*: exit status $?" ;;
    *) below_destdir "$GENRECAST" "$@" ;;
    esac
}

# `s` where the daemon of this block speaks TLS.
secure() { [ -z "${GENRECAST_SERVER__CERTIFICATE:-}" ] || echo s; }

# Waits until the daemon has told a window, or that its source cannot give any.
await_sound() {
    timeout 120 grep -m 1 -q -E '"type":"genre.window"|"state":"(reconnecting|stalled|failed|ended)"' \
        < <(exec timeout 120 "$GENRECAST" listen --wait --json "ws$(secure)://127.0.0.1:$PORT/v1/events" 2>>"$WORK/listen.log")
}

# What is at example.org, from a server of our own: a song under every name, and a playlist that leads to it.
serve_example_org() {
    [ ! -e "$WORK/www" ] || return 0
    command mkdir "$WORK/www"
    local name
    for name in station.mp3 private; do command cp "$ROOT/tests/fixtures/audio/mono.mp3" "$WORK/www/$name"; done
    printf '[playlist]\nNumberOfEntries=1\nFile1=station.mp3\n' >"$WORK/www/listen.pls"
    python3 -u -m http.server --bind 127.0.0.1 --directory "$WORK/www" 0 >"$WORK/www.log" 2>&1 &
    echo $! >"$WORK/www.pid"
    until grep -qs ' port ' "$WORK/www.log"; do sleep 0.05; done
}

# genrecast run …: until there is something to hear of it; then it must end cleanly.
run_daemon() {
    end_daemon
    local at argument arguments=()
    serve_example_org
    at=127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$WORK/www.log")
    for argument in "$@"; do
        arguments+=("$(sed -E "s,https://([^/@]*@)?example\.org/,http://\1$at/," <<<"$argument")")
    done
    "$GENRECAST" run "${arguments[@]}" <&0 >"$WORK/daemon.log" 2>&1 &
    local daemon=$!
    await_sound || fail "genrecast run $*: no event"
    kill -TERM "$daemon"
    wait "$daemon" || fail "genrecast run $*: exit status $?"
}

# A daemon for commands that need one, which plays the demo reel.
ensure_daemon() {
    [ ! -e "$WORK/daemon.pid" ] || return 0
    "$GENRECAST" run --source "file:$ROOT/demo/reel.ogg?loop=true&speed=10" </dev/null >"$WORK/daemon.log" 2>&1 &
    echo $! >"$WORK/daemon.pid"
    await_sound || fail 'the daemon for this block tells nothing'
}

end_daemon() {
    if [ -e "$WORK/www.pid" ]; then
        kill "$(cat "$WORK/www.pid")" 2>/dev/null
        rm -r "$WORK/www.pid" "$WORK/www"
    fi
    [ -e "$WORK/daemon.pid" ] || return 0
    kill -TERM "$(cat "$WORK/daemon.pid")" 2>/dev/null
    rm "$WORK/daemon.pid"
}

# genrecast listen …: its first lines.
follow() {
    local argument url=("ws$(secure)://127.0.0.1:$PORT/v1/events")
    for argument in "$@"; do case $argument in ws://* | wss://* | http://*) url=() ;; esac done
    ensure_daemon
    first 10 "$GENRECAST" listen "$@" "${url[@]}"
}

# genrecast history …: of the daemon of this block, which has something to tell.
past() {
    ensure_daemon
    "$GENRECAST" history "$@" "http$(secure)://127.0.0.1:$PORT" || fail "genrecast history $*: exit status $?"
}

# first LINES COMMAND…: so many lines of an endless command, which must come.
first() {
    timeout 120 "${@:2}" 2>>"$WORK/listen.log" | head -n "$1" | tee "$WORK/lines"
    [ "$(wc -l <"$WORK/lines")" -eq "$1" ] || fail "${*:2}: fewer than $1 lines"
}

curl() {
    case " $* " in
    *https://example.org/*) cat "$ROOT/tests/fixtures/audio/mono.mp3" ;;
    *' -N '*) ensure_daemon && first 6 env curl -s "$@" ;;
    *) ensure_daemon && { command curl --fail --max-time 180 "$@" || fail "curl $*"; } ;;
    esac
}

# Where nobody types, its end of input must not close the connection.
websocat() { ensure_daemon && first 2 env websocat --no-close "$@"; }

# What the flags in README.md ask of ffmpeg.
ffmpeg() { tail -c +45 "$ROOT/tests/fixtures/audio/mono.wav"; }

git() {
    [ "$1" = clone ] || fail "git $*"
    ln -s "$ROOT" genrecast
}

sudo() { "$@"; }
# The package is built and installed for real by ./test package.
tools/build-deb() { : >"$WORK/genrecast.deb" && echo "$WORK/genrecast.deb"; }
apt() { case $1$2 in install/*.deb) ;; *) fail "apt $*" ;; esac }
# Nothing is built from registries here; tests/package/container.sh builds and runs what can be without.
podman() { case $1 in build | run) ;; *) fail "podman $*" ;; esac; }
systemctl() {
    case $1 in daemon-reload | enable | reload | restart | status) ;; *) fail "systemctl $*" ;; esac
    # What the package brings is not below $DESTDIR.
    [ ! -e "$WORK/genrecast.deb" ] && [ "${*: -1}" != genrecast@kitchen ] || return 0
    local unit=$DESTDIR/etc/systemd/system/genrecast.service start
    start=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")
    [ -x "$DESTDIR$start" ] || fail "$unit starts $start, which was not installed"
    "$DESTDIR$start" check --config "$DESTDIR/etc/genrecast/config.toml" \
        --models "$DESTDIR/usr/share/genrecast/models" >"$WORK/check" 2>&1
    # Neither a microphone nor a free port is to be had everywhere; model and configuration are.
    local part
    for part in configuration model self-test; do
        grep -q "^ok *$part" "$WORK/check" || fail "what was installed does not work: $(cat "$WORK/check")"
    done
}

# Commands that write to absolute paths do so below $DESTDIR.
below_destdir() {
    local argument arguments=()
    for argument in "${@:2}"; do
        case $argument in /usr/* | /etc/*) arguments+=("$DESTDIR$argument") ;; *) arguments+=("$argument") ;; esac
    done
    command mkdir -p "$DESTDIR"/{usr/bin,usr/share,etc/genrecast,etc/systemd/system}
    command "$1" "${arguments[@]}" || fail "$*"
}
install() { below_destdir install "$@"; }
cp() { below_destdir cp "$@"; }
tee() { below_destdir tee "$@"; }
