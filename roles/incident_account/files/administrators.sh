# Say whether the account $1 exists, and whether an administrator other than it could still log in. Reads only.
export LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
getent passwd "$1" >/dev/null && echo exists
today=$(($(date +%s) / 86400))

usable() { # an account that is not expired and has a login shell
  shell=$(getent passwd "$1" | cut -d: -f7)
  case "$shell" in '' | */nologin | */false) return 1 ;; esac
  expires=$(getent shadow "$1" | cut -d: -f8)
  [ -z "$expires" ] || [ "$expires" -gt "$today" ]
}

reachable() { # by a password that is not locked, or by a key
  case "$(getent shadow "$1" | cut -d: -f2)" in '!'* | '*'* | '') ;; *) return 0 ;; esac
  [ -s "$(getent passwd "$1" | cut -d: -f6)/.ssh/authorized_keys" ]
}

for name in root $(getent group sudo | cut -d: -f4 | tr , ' '); do
  [ "$name" != "$1" ] && usable "$name" && reachable "$name" && echo other && break
done
exit 0
