#!/bin/sh
# Debian packages that sopti's own checks and demonstration need.
#
#   deps.sh check    say what is missing; exit 0
#   deps.sh install  install what is missing (root on Debian), else say it and go on
#
# Without them the tests that need throw-away hosts or PostgreSQL are skipped with the reason; nothing else changes.
set -eu

# one line a package: why it is here
packages="
python3-venv       the virtual environment
openssh-client     ssh, ssh-keygen: reaching hosts, signing acts
systemd-container  throw-away hosts (systemd-nspawn)
debootstrap        the base of the throw-away hosts
nftables           the network of the throw-away hosts
iproute2           the network of the throw-away hosts
dpkg-dev           the throw-away hosts' own package repository
restic             sopti's own backups
poppler-utils      looking at the PDF documents in the tests
postgresql         the tests' own server for the ledger on PostgreSQL, with its client library
"

missing() {
    printf '%s\n' "$packages" | while read -r name _; do
        [ -n "$name" ] || continue
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || printf '%s ' "$name"
    done
}

# The tests start a server of their own: Debian need not start another one for this machine.
no_main_cluster() {
    mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/sopti-tests.conf
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "deps: this is not Debian; tests that need throw-away hosts will be skipped"
    exit 0
fi
lacking=$(missing)
if [ -z "$lacking" ]; then
    echo "deps: every Debian package is here"
    exit 0
fi
if [ "${1:-check}" = install ] && [ "$(id -u)" -eq 0 ]; then
    echo "deps: installing $lacking"
    case " $lacking " in *" postgresql "*) no_main_cluster ;; esac
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of package names, split on purpose
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $lacking >/dev/null
    echo "deps: done"
    exit 0
fi
echo "deps: missing: $lacking"
echo "deps: as root: apt-get install --no-install-recommends $lacking"
