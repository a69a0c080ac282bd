#!/usr/bin/env bash
# What tests/package/boot.sh has a freshly booted Debian do with the package. Prints `ok - NAME` or `not ok - NAME`, and
# `# end` at last. The checks are functions that `check` calls by name.
# shellcheck disable=SC2317,SC2329
set -uo pipefail

config=/etc/genrecast/config.toml
port=8470

check() {
    local name=$1
    shift
    if "$@"; then
        echo "ok - package: $name"
    else
        echo "not ok - package: $name"
        systemctl status --no-pager genrecast >&2
        journalctl --no-pager -u genrecast -n 30 >&2
    fi
}

# within SECONDS COMMAND…: tries until it succeeds or the time is over.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.5
    done
}

# has PATTERN: reads to the end, so that nobody before it in a pipe is cut off and counts as failed.
has() { grep "$1" >/dev/null; }
# fetch PATH [HEADER]: status line, headers and body.
fetch() {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n%s\r\n' "$1" "$port" "${2:+$2$'\r\n'}" >&3
    cat <&3
    exec 3>&-
}
status_is() { [ "$(fetch "$2" "${3:-}" 2>/dev/null | sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p')" = "$1" ]; }
property() { systemctl show "${2:-genrecast}" -P "$1"; }
user_of() { sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "/proc/$1/status"; }
# What of the system could be left behind; dpkg's own records and logs are not.
files() {
    find / -xdev \( -path /packages -o -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log \
        -o -path /var/lib/dpkg -o -path /var/cache \) -prune -o -print | sort
}

installs() { dpkg -i /packages/old.deb >&2; }
is_started() { [ "$(property ActiveState)" = active ] && systemctl --quiet is-enabled genrecast; }
says_what_it_waits_for() { property StatusText | tee /dev/stderr | has '^waiting for mic'; }
listens_on_loopback_only() {
    # Ports are in hexadecimal there: 2116 is 8470.
    grep -q ' 0100007F:2116 00000000:0000 0A ' /proc/net/tcp && ! grep ':2116 ' /proc/net/tcp /proc/net/tcp6 | grep -v ' 0100007F:2116 '
}
has_its_documents() {
    man -w genrecast && man -w genrecast-listen && grep -q 'complete -F' /usr/share/bash-completion/completions/genrecast &&
        [ -s /usr/share/zsh/vendor-completions/_genrecast ] && [ -s /usr/share/fish/vendor_completions.d/genrecast.fish ] &&
        [ -s /usr/share/doc/genrecast/copyright ] && zcat /usr/share/doc/genrecast/changelog.Debian.gz | has '^genrecast (' &&
        zcat /usr/share/doc/genrecast/third-party-licences.gz | has '^symphonia '
}
finds_its_models() {
    genrecast check >/tmp/check 2>&1
    cat /tmp/check >&2
    grep -q '^ok *configuration.*/etc/genrecast' /tmp/check && grep -q '^ok *model.*musicnn-crnn' /tmp/check && grep -q '^ok *self-test' /tmp/check
}
units_are_silent() { [ -z "$(systemd-analyze verify genrecast.service genrecast@kitchen.service 2>&1 | tee /dev/stderr)" ]; }
is_confined() {
    local pid user audio
    pid=$(property MainPID)
    user=$(user_of "$pid")
    audio=$(getent group audio | cut -d: -f3)
    [ "$user" -ne 0 ] && grep -q "^Groups:.*\b$audio\b" "/proc/$pid/status" && grep -q '^NoNewPrivs:\s1' "/proc/$pid/status" &&
        grep -q '^Seccomp:\s2' "/proc/$pid/status" && grep -q '^CapBnd:\s0*$' "/proc/$pid/status" &&
        [ "$(stat -c %u /var/lib/private/genrecast/history.db)" = "$user" ]
}

plays_the_reel() { sed -i 's|^uri = "mic:"|uri = "file:/srv/reel.ogg?loop=true"|' "$config" && systemctl restart genrecast; }
# Asked at once: systemctl restart has returned because the daemon said READY.
is_ready_with_a_window() { status_is 200 /readyz && fetch /v1/sources | has '"windows":[1-9]'; }
gives_events() {
    timeout 60 genrecast listen "ws://127.0.0.1:$port/v1/events" --json | grep -m 3 '"type":"genre.window"' >/tmp/events
    [ "$(wc -l </tmp/events)" -eq 3 ]
}
tells_its_status() { property StatusText | tee /dev/stderr | has '^listening: mic live'; }
reloads() {
    local before
    before=$(property MainPID)
    printf '[[source]]\nname = "second"\nuri = "file:/srv/reel.ogg?loop=true"\n' >>"$config"
    systemctl reload genrecast && within 20 has_second_source && [ "$(property MainPID)" = "$before" ]
}
has_second_source() { fetch /v1/sources | has '"second"'; }
survives_a_wrong_reload() {
    cp "$config" /tmp/config && echo 'nonsense = 1' >>"$config" && systemctl reload genrecast
    within 20 journal_says 'nonsense' && is_started && has_second_source
    local result=$?
    cp /tmp/config "$config"
    return $result
}
journal_says() { journalctl --no-pager -o cat -u genrecast | has "$1"; }
keeps_quiet_about_priorities() {
    {
        printf 'POST /v1/classify HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\nContent-Length: %s\r\n\r\n' \
            "$port" "$(stat -c %s /srv/clip.wav)"
        cat /srv/clip.wav
    } >/tmp/request
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    (cat /tmp/request >&3) & timeout 200 head -n 1 <&3 | tee /dev/stderr | has ' 200 '
    local result=$? thread
    exec 3>&-
    for thread in /proc/"$(property MainPID)"/task/*; do
        case $(cat "$thread/comm") in upload-*) [ "$(cut -d' ' -f19 "$thread/stat")" = 10 ] || result=1 ;; esac
    done
    ! journal_says 'at the same priority' && return $result
}

drop_in() {
    mkdir -p /etc/systemd/system/genrecast.service.d
    printf '[Service]\n%s\n' "$@" >/etc/systemd/system/genrecast.service.d/test.conf
    systemctl daemon-reload
}
asks_for_the_token() {
    (umask 077 && echo a-token-of-the-test-that-is-long-enough >/etc/genrecast/token)
    drop_in LoadCredential=token:/etc/genrecast/token && systemctl restart genrecast && status_is 401 /v1/now &&
        status_is 200 /v1/now 'Authorization: Bearer a-token-of-the-test-that-is-long-enough'
    local result=$?
    rm -r /etc/systemd/system/genrecast.service.d /etc/genrecast/token
    systemctl daemon-reload && systemctl restart genrecast && return $result
}
# By number: a Debian as small as this one does not know localhost.
shows() { genrecast history "https://127.0.0.1:$port" --since -1h --ca-file "/packages/$1/fullchain.pem" >/dev/null; }
deploys() { RENEWED_LINEAGE=/packages/$1 /packages/deploy-hook; }
renews_its_certificate() {
    local before result
    deploys first && drop_in SupplementaryGroups=genrecast-tls Environment=GENRECAST_SERVER__CERTIFICATE=/etc/genrecast/tls/certificate.pem \
        Environment=GENRECAST_SERVER__PRIVATE_KEY=/etc/genrecast/tls/key.pem && systemctl restart genrecast && shows first && ! shows second &&
        before=$(property MainPID) && deploys second && within 90 shows second && [ "$(property MainPID)" = "$before" ]
    result=$?
    rm -r /etc/systemd/system/genrecast.service.d /etc/genrecast/tls
    systemctl daemon-reload && systemctl restart genrecast && return $result
}
runs_a_second_daemon() {
    printf '[server]\nlisten = "127.0.0.1:8471"\n[model]\nid = "crnn"\n[[source]]\nname = "kitchen"\nuri = "file:/srv/reel.ogg?loop=true"\n' \
        >/etc/genrecast/kitchen.toml
    local port=8471
    systemctl start genrecast@kitchen && is_ready_with_a_window && gives_events && grep -q '"kitchen"' /tmp/events &&
        [ -s /var/lib/private/genrecast-kitchen/history.db ]
    local result=$?
    systemctl stop genrecast@kitchen && return $result
}
is_another_and_up() { [ "$(property MainPID)" != "$1" ] && is_started; }
comes_back_from() {
    local before
    before=$(property MainPID)
    kill "-$1" "$before" && within 60 is_another_and_up "$before"
}
comes_back_when_it_hangs() {
    drop_in WatchdogSec=4 RestartSec=1 && systemctl restart genrecast && comes_back_from STOP && journal_says 'Watchdog timeout'
    local result=$?
    rm -r /etc/systemd/system/genrecast.service.d
    systemctl daemon-reload && systemctl restart genrecast && return $result
}
a_wrong_configuration_stays_down() {
    cp "$config" /tmp/config && echo 'nonsense = 1' >>"$config"
    ! systemctl restart genrecast && sleep 7 && [ "$(property ActiveState)" = failed ] && [ "$(property ExecMainStatus)" = 2 ]
    local result=$?
    cp /tmp/config "$config"
    systemctl restart genrecast && return $result
}

upgrades() { before=$(property MainPID) && dpkg --force-confdef --force-confold -i /packages/next.deb >&2; }
keeps_the_edits() { grep -q reel.ogg "$config" && grep -q 'of the next version' "$config.dpkg-dist"; }
was_restarted() { is_another_and_up "$before" && gives_events; }
remembers() { genrecast history --since -1h --type source.state --format jsonl | has 'reel\|mic'; }
is_removed() {
    systemctl start genrecast@kitchen && dpkg -r genrecast >&2 && ! systemctl --quiet is-active genrecast &&
        ! systemctl --quiet is-active genrecast@kitchen && [ ! -e /usr/bin/genrecast ] && [ -f "$config" ] &&
        [ -s /var/lib/private/genrecast/history.db ]
}
is_purged() { dpkg -P genrecast >&2 && [ -f /etc/genrecast/kitchen.toml ]; }
nothing_is_left() {
    rm -r /etc/genrecast
    files >/tmp/after
    diff /tmp/before /tmp/after >&2
}

# Folders that systemd's own helper and the first of any services with a state make once are no leavings of ours.
mkdir -p /var/lib/systemd/deb-systemd-helper-enabled /var/lib/private
# The administrator's, for the certificate.
groupadd --system genrecast-tls
files >/tmp/before
check 'it installs' installs
check 'it is enabled and started without a microphone' is_started
check 'systemctl status says what it waits for' says_what_it_waits_for
check 'it listens on loopback only' listens_on_loopback_only
check 'manual pages, completions, licences and changelog are there' has_its_documents
check 'it finds its models, and they compute what they should' finds_its_models
check 'systemd-analyze verify is silent' units_are_silent
check 'a user of its own, in the group audio, without privileges' is_confined
check 'it restarts on another source' plays_the_reel
check 'READY comes with the first window' is_ready_with_a_window
check 'genrecast listen receives events' gives_events
check 'systemctl status says what it hears' tells_its_status
check 'systemctl reload adds a source to the same process' reloads
check 'a reload of a wrong configuration changes nothing' survives_a_wrong_reload
check 'a clip that is sent is heard at a lower priority' keeps_quiet_about_priorities
check 'the credential named token is asked for' asks_for_the_token
check 'a certificate that certbot renews is shown without a restart' renews_its_certificate
check 'genrecast@kitchen runs beside it' runs_a_second_daemon
check 'it comes back when it is killed' comes_back_from KILL
check 'the watchdog restarts it when it hangs' comes_back_when_it_hangs
check 'a wrong configuration is not tried again' a_wrong_configuration_stays_down
check 'it upgrades' upgrades
check 'the upgrade keeps the edited configuration' keeps_the_edits
check 'the upgrade restarts the service' was_restarted
check 'the history is kept over the upgrade' remembers
check 'removed, nothing runs on, and configuration and history are kept' is_removed
check 'purged, it keeps what the administrator made' is_purged
check 'purged, nothing else is left' nothing_is_left
echo '# end'
