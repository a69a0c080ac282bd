# shellcheck shell=bash
# Sourced by tools/build-deb and ./test after packages.sh: builds for another processor with Debian's cross compiler.

# cross_environment TRIPLE FOLDER: exports what cargo and the build scripts of C libraries need; ALSA's headers and library
# for that processor are unpacked into FOLDER, so that this system's own packages stay as they are.
cross_environment() {
    local triple=$1 folder=$2 gnu architecture upper
    case $triple in
    aarch64-unknown-linux-gnu) gnu=aarch64-linux-gnu architecture=arm64 ;;
    *) say "there are no settings for $triple in tools/cross.sh" && return 1 ;;
    esac
    need_command "$gnu-gcc" "gcc-$gnu" "libc6-dev-$architecture-cross" || return 1
    if command -v rustup >/dev/null; then rustup target add "$triple" >&2 || return 1; fi
    mkdir -p "$folder" && folder=$(realpath "$folder")
    cross_libraries "$architecture" "$folder" || return 1

    upper=$(tr a-z- A-Z_ <<<"$triple")
    export "CARGO_TARGET_${upper}_LINKER=$gnu-gcc" "CC_${triple//-/_}=$gnu-gcc"
    export PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_SYSROOT_DIR=$folder PKG_CONFIG_LIBDIR=$folder/usr/lib/$gnu/pkgconfig
}

# Fetched through apt with lists of its own: multiarch would have to be switched on for the whole system.
cross_libraries() {
    local architecture=$1 folder=$2 state
    [ ! -f "$folder/complete" ] || return 0
    command -v apt-get >/dev/null || { say 'ALSA for another processor comes from Debian by apt, which is missing' && return 1; }
    say "fetching libasound2-dev for $architecture into $folder"
    state=$(mktemp -d)
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" && : >"$state/status"
    local options=(-q -o "Dir::State::Lists=$state/lists" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache"
        -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o Debug::NoLocking=1 -o APT::Sandbox::User=root)
    if apt-get "${options[@]}" update >&2 &&
        (cd "$state" && apt-get "${options[@]}" download "libasound2:$architecture" "libasound2-dev:$architecture" >&2) &&
        for package in "$state"/*.deb; do dpkg-deb -x "$package" "$folder" || false; done; then
        : >"$folder/complete"
    fi
    rm -rf "$state"
    [ -f "$folder/complete" ] || { say "ALSA's library for $architecture could not be fetched" && return 1; }
}

# run_foreign FOLDER PROGRAM ARGUMENT…: a program for another processor, by qemu.
run_foreign() {
    local folder=$1
    shift
    need_command qemu-aarch64-static qemu-user-static || return 1
    qemu-aarch64-static -L /usr/aarch64-linux-gnu -E "LD_LIBRARY_PATH=$folder/usr/lib/aarch64-linux-gnu" "$@"
}
