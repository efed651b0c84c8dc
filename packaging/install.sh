#!/bin/sh
# Install sopti for a court on this machine. Run again, it upgrades: existing state, settings and keys are never touched.
#
#   /opt/sopti/releases/<id>   programs and content of one release; /opt/sopti/venv and /opt/sopti/content point into it
#   /etc/sopti                 sopti.toml and the inventory
#   /var/lib/sopti             state, of the system user sopti alone (0700)
#   /srv/sopti                 exchange folder: statements to sign, documents, bundles (group sopti-operator)
#
# A release is built beside the old one and switched to at the end, so a run that is under way keeps its own programs.
set -eu
umask 022
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
STATE=/var/lib/sopti CONFIG=/etc/sopti EXCHANGE=/srv/sopti HOME_OF_PROGRAMS=/opt/sopti

say() { printf 'install: %s\n' "$*"; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }

need_machine() {
    [ "$(id -u)" -eq 0 ] || fail "must run as root. Next: sudo make install"
    command -v systemctl >/dev/null || fail "needs systemd (timers); there is no systemctl here"
    lacking=
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || lacking="python3-venv"
    command -v ssh-keygen >/dev/null || lacking="$lacking openssh-client"
    command -v restic >/dev/null || lacking="$lacking restic"
    [ -z "$lacking" ] || {
        command -v apt-get >/dev/null || fail "missing: $lacking"
        say "Debian packages: $lacking"
        apt-get update -qq
        # shellcheck disable=SC2086  # a list of package names, split on purpose
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $lacking >/dev/null
    }
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "needs Python 3.11 or newer; $PYTHON is $("$PYTHON" --version). Next: make PYTHON=/usr/bin/python3.11 install"
}

make_accounts() {
    getent group sopti-operator >/dev/null || groupadd --system sopti-operator
    getent passwd sopti >/dev/null || {
        say "system user sopti"
        useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin sopti
    }
}

content() {
    for part in playbooks roles collections reports ansible.cfg; do [ ! -e "$part" ] || printf '%s\n' "$part"; done
}

release_id() {
    # shellcheck disable=SC2046  # names without spaces, split on purpose
    digest=$(find pyproject.toml constraints.txt README.md LICENSE sopti_runner $(content) -type f \
        ! -path '*/__pycache__/*' ! -path '*/.cache/*' -exec sha256sum {} + | LC_ALL=C sort -k 2 | sha256sum | cut -c 1-12)
    printf '%s-%s-%s\n' "$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)" \
        "$("$PYTHON" -c 'import sys; print("py%d%d" % sys.version_info[:2])')" "$digest"
}

build_release() {
    release=$HOME_OF_PROGRAMS/releases/$1
    [ ! -e "$release/.complete" ] || { say "release $1 is already here"; return; }
    say "building release $1"
    rm -rf "$release"
    mkdir -p "$release/content"
    "$PYTHON" -m venv "$release/venv"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cp -a pyproject.toml constraints.txt README.md LICENSE sopti_runner "$work"
    pip="$release/venv/bin/python -m pip --quiet --disable-pip-version-check"
    $pip install --constraint constraints.txt setuptools
    $pip install --constraint constraints.txt --no-build-isolation "$work"
    "$release/venv/bin/python" packaging/compile_words.py \
        "$release"/venv/lib/python3*/site-packages/sopti_runner/locale/*/LC_MESSAGES/sopti.po
    for part in $(content); do cp -a "$part" "$release/content/"; done
    find "$release/content" -name __pycache__ -type d -prune -exec rm -rf {} +
    chown -R root:root "$release"
    chmod -R u+rwX,go+rX,go-w "$release"
    touch "$release/.complete"
}

switch_release() {
    before=$(readlink "$HOME_OF_PROGRAMS/venv" 2>/dev/null || true)
    for part in venv content; do
        ln -sfn "releases/$1/$part" "$HOME_OF_PROGRAMS/$part.new"
        mv -T "$HOME_OF_PROGRAMS/$part.new" "$HOME_OF_PROGRAMS/$part"
    done
    for old in "$HOME_OF_PROGRAMS"/releases/*; do
        case $old in */"$1" | *"${before#releases/}") ;; *) [ "releases/${old##*/}/venv" = "$before" ] || rm -rf "$old" ;; esac
    done
}

make_folders() {
    install -d -m 0755 "$CONFIG"
    [ -e "$CONFIG/inventory" ] || install -d -m 2770 -o sopti -g sopti-operator "$CONFIG/inventory"
    [ -e "$EXCHANGE" ] || install -d -m 2770 -o sopti -g sopti-operator "$EXCHANGE"
    [ -e "$STATE" ] || {
        install -d -m 0700 -o sopti -g sopti "$STATE" "$STATE/ssh"
        runuser -u sopti -- ssh-keygen -q -t ed25519 -N '' -C "sopti@$(uname -n)" -f "$STATE/ssh/id_ed25519"
        install -m 0644 "$STATE/ssh/id_ed25519.pub" "$EXCHANGE/sopti.pub"
        say "new state folder $STATE; its key for reaching hosts: $EXCHANGE/sopti.pub"
    }
    [ -e "$CONFIG/sopti.toml" ] || install -m 0640 -o root -g sopti packaging/sopti.toml "$CONFIG/sopti.toml"
}

install_command() {
    install -m 0755 packaging/sopti-wrapper.sh /usr/local/bin/sopti
    install -m 0644 packaging/systemd/* /etc/systemd/system/
    install -m 0644 packaging/tmpfiles.conf /etc/tmpfiles.d/sopti.conf
    systemd-tmpfiles --create /etc/tmpfiles.d/sopti.conf
    if command -v visudo >/dev/null; then
        visudo -cqf packaging/sudoers
        install -m 0440 packaging/sudoers /etc/sudoers.d/sopti
    else
        say "sudo is not here: only root can run sopti (apt-get install sudo, then make install again)"
    fi
    completions=/usr/share/bash-completion/completions
    install -d "$completions"
    _SOPTI_COMPLETE=source_bash /usr/local/bin/sopti >"$completions/sopti.new" 2>/dev/null || true
    if [ -s "$completions/sopti.new" ]; then mv "$completions/sopti.new" "$completions/sopti"; else rm "$completions/sopti.new"; fi
}

start_timers() {
    [ -d /run/systemd/system ] || { say "systemd does not run here: timers start with the next boot"; now=; }
    systemctl --quiet daemon-reload 2>/dev/null || true
    for timer in packaging/systemd/*.timer; do
        systemctl --quiet enable ${now-"--now"} "$(basename "$timer")"
    done
}

need_machine
make_accounts
id=$(release_id)
build_release "$id"
switch_release "$id"
make_folders
install_command
start_timers
say "done: release $id"
say "next: README.md, \"Your first real court\""
