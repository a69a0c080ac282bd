# shellcheck shell=bash
# Sourced by ./run, ./test and the scripts in tools/: installs Debian packages that are missing, and says so.

say() {
    # Bold on a terminal only: a log file or a pipe gets plain text.
    if [ -t 2 ]; then printf '\033[1m%s:\033[0m %s\n' "${0##*/}" "$*" >&2; else printf '%s: %s\n' "${0##*/}" "$*" >&2; fi
}
die() {
    say "$*"
    exit 1
}

# as_root COMMAND…: as root already, or by sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# need PACKAGE…: makes sure that these Debian packages are installed; 1 when they cannot be.
need() {
    local missing=() package
    if ! command -v apt-get >/dev/null; then
        say "this system has no apt; please install the equivalents of these Debian packages yourself: $*"
        return 1
    fi
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0

    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        say "these packages are missing, and there is no sudo; as root: apt-get install ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]} (apt-get install)"
    local install=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "${missing[@]}")
    # Package lists may be absent or stale, so a failure is tried once more after an update.
    "${install[@]}" >&2 && return 0
    as_root apt-get -o DPkg::Lock::Timeout=300 update -q >&2
    "${install[@]}" >&2 && return 0
    say "apt-get could not install ${missing[*]}; its messages are above"
    return 1
}

# need_command COMMAND PACKAGE…: installs the packages only where the command is missing.
need_command() {
    local command=$1
    shift
    command -v "$command" >/dev/null || need "$@"
}

# unpacked COMMAND PACKAGE FOLDER: puts a command on the PATH without installing its package, which would start a service on
# this machine: only the libraries that it depends on are installed, itself is unpacked below FOLDER.
unpacked() {
    local command=$1 package=$2 folder=$3/$2 depends
    command -v "$command" >/dev/null && return 0
    PATH=$PATH:$folder/usr/bin:$folder/usr/sbin
    command -v "$command" >/dev/null && return 0
    command -v apt-get >/dev/null || { say "$command is missing; please install what your system calls $package" && return 1; }
    say "unpacking $package into $folder (apt-get download)"
    mkdir -p "$folder"
    # Package lists may be absent or stale.
    apt-get download -q --print-uris "$package" >/dev/null 2>&1 || as_root apt-get -o DPkg::Lock::Timeout=300 update -q >&2 || return 1
    mapfile -t depends < <(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$package" |
        sed -n 's/^ *|\{0,1\}Depends: *//p' | grep '^lib' | grep -v '^libjs')
    [ ${#depends[@]} -eq 0 ] || need "${depends[@]}" || return 1
    (cd "$folder" && apt-get download -q "$package" >&2) || return 1
    dpkg-deb -x "$folder"/*.deb "$folder" && rm -f "$folder"/*.deb && command -v "$command" >/dev/null
}

# need_build_tools: what `cargo build` needs besides Rust: a C compiler and cmake (libopus), ALSA's headers (cpal).
need_build_tools() {
    if ! command -v cargo >/dev/null && [ -f "$HOME/.cargo/env" ]; then
        # shellcheck source=/dev/null
        . "$HOME/.cargo/env"
    fi
    command -v cargo >/dev/null || {
        say "cargo is missing; install Rust from https://rustup.rs and start again"
        return 1
    }
    if ! command -v cc >/dev/null; then need gcc libc6-dev || return 1; fi
    need_command cmake cmake || return 1
    need_command make make || return 1
    need_command pkg-config pkg-config || return 1
    pkg-config --exists alsa || need libasound2-dev
}
