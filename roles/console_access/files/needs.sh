# Name what is missing, a line each: sudo that reads its folder, and an sshd that reads ours before any Match.
export LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
command -v sudo >/dev/null && command -v visudo >/dev/null || echo 'sudo'
grep -Eqs '^[#@]includedir[[:space:]]+/etc/sudoers\.d/?[[:space:]]*$' /etc/sudoers || echo '@includedir /etc/sudoers.d in /etc/sudoers'
awk 'tolower($1) == "match" { exit 1 }
  tolower($1) == "include" && $2 ~ /^"?(\/etc\/ssh\/)?sshd_config\.d\/\*\.conf"?$/ { found = 1; exit 0 }
  END { exit !found }' /etc/ssh/sshd_config || echo 'Include /etc/ssh/sshd_config.d/*.conf before any Match in /etc/ssh/sshd_config'
exit 0
