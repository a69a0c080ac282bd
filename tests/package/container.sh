#!/usr/bin/env bash
# Builds the second stage of Containerfile on a Debian of our own making, as registries may be out of reach, with a package
# that is there already in the place of the first stage, and runs it: `ok - NAME` or `not ok - NAME`. Needs root and buildah; ends
# with 77 where this machine lets nobody build or run one.
#
#   tests/package/container.sh PACKAGE.deb BASE.tar FOLDER
#
# The checks are functions that `check` and `within` call by name.
# shellcheck disable=SC2317,SC2329
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tools/packages.sh
. tools/packages.sh
# In a network of its own, so that port 8470 is free there.
if [ "${GENRECAST_TEST_INSIDE:-}" != yes ] && [ "${4:-}" = run ]; then
    GENRECAST_TEST_INSIDE=yes exec unshare --net -- bash "$0" "$@"
fi
package=$(realpath "$1") base=$(realpath "$2") folder=$3
mkdir -p "$folder" && folder=$(realpath "$folder")
export BUILDAH_ISOLATION=chroot
tool=(buildah --root "$folder/storage" --runroot "$folder/run" --storage-driver vfs)
bad=0

check() {
    if "${@:2}"; then echo "ok - container: $1"; else echo "not ok - container: $1" && bad=1; fi
}

builds() {
    local container
    container=$("${tool[@]}" from scratch) && "${tool[@]}" add --quiet "$container" "$base" / >/dev/null &&
        "${tool[@]}" commit --quiet "$container" docker.io/library/debian:bookworm-slim >/dev/null && "${tool[@]}" rm "$container" >/dev/null &&
        mkdir -p "$folder/build/package" && cp "$package" "$folder/build/package/" &&
        sed '/^FROM .* AS build$/,/^$/d' Containerfile >"$folder/Containerfile" &&
        if ! "${tool[@]}" build --pull-never --build-context "build=$folder/build" --format docker -t genrecast -f "$folder/Containerfile" . \
            >"$folder/build.log" 2>&1; then tail -n 20 "$folder/build.log" >&2 && return 1; fi
}

inside() { "${tool[@]}" run "${volumes[@]}" "$container" -- "$@"; }
is_healthy() { inside "${probe[@]}" 2>/dev/null; }
within() {
    local end=$((SECONDS + $1))
    until "${@:2}"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 1
    done
}
status() {
    exec 3<>/dev/tcp/127.0.0.1/8470 && printf 'GET /v1/now HTTP/1.1\r\nHost: localhost:8470\r\nConnection: close\r\n%s\r\n' "${1:+$1$'\r\n'}" >&3 &&
        head -n 1 <&3 | cut -d' ' -f2
    exec 3>&-
}
asks_for_the_token() { [ "$(status)" = 401 ] && [ "$(status 'Authorization: Bearer of-the-test-and-long-enough-for-it')" = 200 ]; }
is_nobody_special() { [ "$(stat -c %u "/proc/$(pgrep -n -f '^/usr/bin/genrecast run --source file:/srv/reel.ogg')")" = 990 ]; }
keeps_its_history() { inside test -s /var/lib/genrecast/history.db; }
is_ill() { ! is_healthy; }

run() {
    local container daemon
    ip link set lo up
    container=$("${tool[@]}" from --pull-never genrecast) || return 1
    mapfile -t probe < <("${tool[@]}" inspect --type image genrecast | python3 -c 'import json, sys
print("\n".join(json.load(sys.stdin)["Docker"]["config"]["Healthcheck"]["Test"][1:]))')
    mkdir -p "$folder/secret" "$folder/state" && echo of-the-test-and-long-enough-for-it >"$folder/secret/token"
    chown -R 990:990 "$folder/secret" "$folder/state" && chmod 400 "$folder/secret/token"
    volumes=(-v "$PWD/demo:/srv:ro" -v "$folder/secret:/run/secrets:ro" -v "$folder/state:/var/lib/genrecast")
    inside /usr/bin/genrecast run --source 'file:/srv/reel.ogg?loop=true' >"$folder/daemon.log" 2>&1 &
    daemon=$!
    check 'the health check passes' within 90 is_healthy
    check 'it asks for the token' asks_for_the_token
    check 'it runs as a user without rights' is_nobody_special
    check 'its history is in the volume' within 10 keeps_its_history
    kill -TERM "$(pgrep -n -f '^/usr/bin/genrecast run --source file:/srv/reel.ogg')" && wait "$daemon"
    check 'the health check fails without a daemon' is_ill
    "${tool[@]}" rm "$container" >/dev/null
    [ "$bad" -eq 0 ] || tail -n 20 "$folder/daemon.log" >&2
}

can_be_built_here() { unshare --net true && "${tool[@]}" rm "$("${tool[@]}" from scratch)" >/dev/null; }

if [ "${4:-}" = run ]; then run; else
    if ! can_be_built_here; then say 'buildah makes no container here' && exit 77; fi
    check 'the second stage of Containerfile builds' builds
    [ "$bad" -ne 0 ] || bash "$0" "$@" run || bad=1
    rm -rf "$folder"
fi
exit "$bad"
