#!/bin/sh
# Run sopti as the system user that owns the ledger, whichever operator calls it.
# File names are relative to the exchange folder: the one place that operators and sopti can both read and write.
program=/opt/sopti/venv/bin/sopti
exchange=/srv/sopti

# Completion needs names only, no state.
[ -z "${_SOPTI_COMPLETE:-}" ] || exec "$program"

case $PWD/ in
"$exchange"/*) ;;
*) cd "$exchange" || exit 2 ;;
esac
export HOME=/var/lib/sopti

if [ "$(id -un)" = sopti ]; then exec "$program" "$@"; fi
if [ "$(id -u)" -eq 0 ]; then exec runuser -u sopti -- "$program" "$@"; fi
if id -nG | tr ' ' '\n' | grep -qx sopti-operator; then exec sudo -n -H -u sopti -- "$program" "$@"; fi
echo "sopti: $(id -un) is not an operator. Next, as root: adduser $(id -un) sopti-operator" >&2
exit 2
