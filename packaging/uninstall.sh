#!/bin/sh
# Remove what install.sh put on this machine, except what a court can't get back: state, settings, exchanged files, accounts.
set -eu
[ "$(id -u)" -eq 0 ] || { echo "uninstall: must run as root" >&2; exit 1; }
cd "$(dirname "$0")"
for unit in systemd/*.timer systemd/*.service; do
    name=$(basename "$unit")
    systemctl --quiet disable --now "$name" 2>/dev/null || true
    rm -f "/etc/systemd/system/$name"
done
systemctl --quiet daemon-reload 2>/dev/null || true
rm -f /usr/local/bin/sopti /etc/sudoers.d/sopti /etc/tmpfiles.d/sopti.conf /usr/share/bash-completion/completions/sopti
rm -rf /opt/sopti
echo "uninstall: programs and timers are gone"
echo "uninstall: kept: /var/lib/sopti (ledger), /etc/sopti, /srv/sopti, user sopti, group sopti-operator"
