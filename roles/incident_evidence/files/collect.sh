#!/bin/sh
# collect.sh FOLDER MARK [PATH...]: collect what is lost first, then logs and named files, then the digests of all of it.
# Reads the host, writes only into the folder; MARK is the file that says there that everything is kept.
# Ends with 4 when a path could not be copied whole (all else is kept), with 5 when the folder holds other evidence.
set -u
umask 077
cd "$1" || exit 1
mark=$2
shift 2
for other in complete-*; do
  [ ! -e "$other" ] || {
    echo "This label holds the evidence of other paths; give another label." >&2
    exit 5
  }
done
export LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin

keep() { # keep NAME COMMAND...: what a command prints, with its own errors; a missing command is noted
  name=$1
  shift
  { echo "# $*"; "$@"; } >"$name" 2>&1 || echo "# ended with $?" >>"$name"
}

keep 01-time date --utc +%Y-%m-%dT%H:%M:%SZ
keep 02-uptime uptime
keep 03-sessions who --all
keep 04-processes ps -e -ww -o user,pid,ppid,lstart,stat,args
keep 05-sockets ss --all --numeric --processes --tcp --udp
keep 06-neighbours ip neigh show
keep 07-routes ip route show table all
keep 08-addresses ip addr show
keep 09-firewall nft list ruleset
keep 10-mounts findmnt --all
keep 11-open-deleted sh -c 'ls -l /proc/[0-9]*/exe 2>/dev/null | grep deleted || echo none'
keep 12-units systemctl list-units --all --no-pager
keep 13-timers systemctl list-timers --all --no-pager
keep 14-logins last -F -n 500
keep 15-failed-logins lastb -F -n 500
keep 16-accounts getent passwd
keep 17-groups getent group
keep 18-packages dpkg-query -W
keep 19-changed-packages dpkg --verify
keep 20-disks df --all
journalctl --no-pager --lines=50000 --output=export 2>/dev/null | gzip >21-journal.export.gz
tar --create --gzip --ignore-failed-read --file=22-cron-and-keys.tar.gz --absolute-names \
  /etc/crontab /etc/cron.d /var/spool/cron /etc/ssh/sshd_config /root/.ssh 2>22-cron-and-keys.notes
tar --create --gzip --ignore-failed-read --warning=no-file-changed --file=23-logs.tar.gz --absolute-names \
  --exclude=/var/log/journal /var/log 2>23-logs.notes
n=24 lost=
for path in "$@"; do
  tar --create --gzip --ignore-failed-read --warning=no-file-changed --file="$n-named.tar.gz" --absolute-names -- "$path" \
    2>"$n-named.notes" && [ -e "$path" ] || {
    echo "# $path could not be copied whole" >>"$n-named.notes"
    lost="$lost $path"
  }
  n=$((n + 1))
done

set -e
find . -type f ! -name manifest.sha256 ! -name 'complete-*' ! -name '*.part' -print0 | sort --zero-terminated | xargs -0 sha256sum >manifest.part
sha256sum --check --quiet manifest.part
cat manifest.part >manifest.sha256
rm manifest.part
chmod 0400 ./*
chmod 0500 collect.sh
sync
: >"$mark"
[ -z "$lost" ] || {
  echo "Not copied whole:$lost. Everything else is kept." >&2
  exit 4
}
