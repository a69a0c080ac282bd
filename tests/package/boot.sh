#!/usr/bin/env bash
# Boots a clean Debian with its own systemd in a container, and has tests/package/inside.sh install, use, upgrade and
# purge the package there. Prints its lines: `ok - NAME` or `not ok - NAME`. Needs root, mmdebstrap and systemd-nspawn; ends with
# 77 where this machine cannot make or run such a container.
#
#   tests/package/boot.sh PACKAGE.deb FOLDER     FOLDER keeps Debian's root from one run to the next
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tools/packages.sh
. tools/packages.sh
package=$(realpath "$1")
folder=$2
mkdir -p "$folder" && folder=$(realpath "$folder")
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
base=$folder/$suite.tar
root=$folder/root
container=

cleanup() {
    [ -z "$container" ] || kill -KILL "$container" 2>/dev/null || true
    rm -rf --one-file-system "$root"
}
trap cleanup EXIT

if [ ! -f "$base" ]; then
    say "making a clean root of Debian $suite (some minutes, once)"
    # What the package depends on is in it, so that the test itself needs no network.
    dependencies=$(dpkg-deb -f "$package" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/ //g')
    if ! mmdebstrap --quiet --variant=minbase --include="systemd,systemd-sysv,dbus,man-db,$dependencies" "$suite" "$folder/part.tar" \
        2>"$folder/mmdebstrap"; then
        cat "$folder/mmdebstrap" >&2
        # A dependency that Debian does not have is the package's own fault.
        if grep -qi 'unable to locate\|unmet dependencies\|no installation candidate' "$folder/mmdebstrap"; then die "$suite has not what it depends on"; fi
        say "a root of $suite cannot be made here" && exit 77
    fi
    mv "$folder/part.tar" "$base"
fi
rm -rf --one-file-system "$root"
mkdir -p "$root"
tar -C "$root" -xf "$base" --exclude='./dev/*'

nspawn=(systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --private-network --machine=genrecast-package)
if ! "${nspawn[@]}" /bin/true 2>"$folder/console"; then
    cat "$folder/console" >&2
    say 'systemd-nspawn runs nothing here' && exit 77
fi

# The version that it is upgraded to: later, and with a changed configuration file.
mkdir -p "$root/packages"
cp "$package" "$root/packages/old.deb"
dpkg-deb -R "$package" "$folder/next"
sed -i 's/^Version: .*/&+next/' "$folder/next/DEBIAN/control"
echo '# A line of the next version.' >>"$folder/next/etc/genrecast/config.toml"
dpkg-deb --root-owner-group -Zgzip -z1 -b "$folder/next" "$root/packages/next.deb" >/dev/null
rm -rf "$folder/next"

install -m755 tests/package/inside.sh "$root/packages/inside.sh"
cp demo/reel.ogg "$root/srv/reel.ogg"
cp tests/fixtures/audio/mono.wav "$root/srv/clip.wav"
cp contrib/certbot/deploy-hook "$root/packages/"
for name in first second; do
    mkdir "$root/packages/$name"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
        -addext basicConstraints=critical,CA:FALSE -keyout "$root/packages/$name/privkey.pem" -out "$root/packages/$name/fullchain.pem" 2>/dev/null
done
cat >"$root/etc/systemd/system/package-test.service" <<'UNIT'
[Unit]
Description=The test of genrecast's package
Wants=multi-user.target
After=multi-user.target
[Service]
Type=oneshot
Environment=HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive
ExecStart=/packages/inside.sh
ExecStopPost=/bin/systemctl --no-block exit
StandardOutput=file:/packages/said
StandardError=file:/packages/noise
UNIT
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -sf ../package-test.service "$root/etc/systemd/system/default.target.wants/package-test.service"

say 'booting it (systemd-nspawn, no network but loopback)'
began=$SECONDS
"${nspawn[@]}" --boot --console=read-only >"$folder/console" 2>&1 </dev/null &
container=$!
for ((i = 0; i < 900; i++)); do
    kill -0 "$container" 2>/dev/null || break
    sleep 1
done
if kill -0 "$container" 2>/dev/null; then say 'it did not end within 15 minutes'; else container=; fi
cat "$root/packages/said" 2>/dev/null || true
# The script's last line is the mark that it came to its end.
if ! grep -q '^# end$' "$root/packages/said" 2>/dev/null || grep -q '^not ok' "$root/packages/said"; then
    echo 'not ok - package: everything in the booted system'
    tail -n 60 "$root/packages/noise" >&2 || true
    tail -n 20 "$folder/console" >&2
    exit 1
fi
say "booted, tested and shut down in $((SECONDS - began)) s"
