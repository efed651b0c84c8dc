#!/bin/sh
# Run sopti as the system user that owns the ledger, whichever operator calls it, while the operator's key stays theirs:
# statements come out of a named pipe, are signed here in the operator's own process, and go back through another.
#
# File names are relative to the exchange folder: the one place that operators and sopti can both read and write.
# Your key: --key FILE, else SOPTI_KEY, else ~/.ssh/id_ed25519 (a .pub file when an agent or token holds the key).
program=/opt/sopti/venv/bin/sopti
exchange=/srv/sopti
signers=/run/sopti # nobody can list it, so nobody else finds the pipes

# Completion needs names only, no state.
[ -z "${_SOPTI_COMPLETE:-}" ] || exec "$program"

key=${SOPTI_KEY:-$HOME/.ssh/id_ed25519} take= command=
for word; do
    shift
    if [ -n "$take" ]; then
        key=$word take=
        continue
    fi
    case $word in
    --key) take=yes ;;
    --key=*) key=${word#--key=} ;;
    -* | id | en) set -- "$@" "$word" ;;
    *) command=${command:-$word} && set -- "$@" "$word" ;;
    esac
done
case $key in /*) ;; *) key=$PWD/$key ;; esac
public=${key%.pub}.pub

case $(id -un) in
sopti) as_owner() { "$program" "$@"; } ;;
root) as_owner() { HOME=/var/lib/sopti runuser -u sopti -- "$program" "$@"; } ;;
*)
    id -nG | tr ' ' '\n' | grep -qx sopti-operator || {
        echo "sopti: $(id -un) is not an operator. Next, as root: adduser $(id -un) sopti-operator" >&2
        exit 2
    }
    as_owner() { sudo -n -H -u sopti -- "$program" "$@"; }
    ;;
esac

# Work by hand needs the terminal itself: a passphrase is asked for before, and an agent of this command alone remembers it.
remember() {
    { [ -r "$key" ] && ! ssh-keygen -y -P '' -f "$key" </dev/null >/dev/null 2>&1; } || return 0
    ! ssh-add -T "$public" 2>/dev/null || { key=$public && return 0; }
    eval "$(ssh-agent -s)" >/dev/null && agent=$SSH_AGENT_PID && ssh-add -q "$key" && key=$public
}

# Say what is signed and with which key before the passphrase is asked for; nothing for a key that asks for none.
announce() {
    { [ -r "$key" ] && ! ssh-keygen -y -P '' -f "$key" </dev/null >/dev/null 2>&1; } || return 0
    act=$(sed -n '1s/^{"act":"\([a-z]*\)".*/\1/p' "$SOPTI_SIGNER/.message")
    case ${SOPTI_LANG:-id} in
    en*) said='sopti: your signature for "%s", with the key %s\n' ;;
    *) said='sopti: tanda tangan Anda untuk "%s", dengan kunci %s\n' ;;
    esac
    # shellcheck disable=SC2059  # one of the two formats above
    printf "$said" "${act:-?}" "$key" 2>/dev/null >/dev/tty || true
}

# Sign what sopti hands over, one statement after the other, until this command ends.
serve() {
    while exec 3<"$SOPTI_SIGNER/statement"; do
        cat <&3 >"$SOPTI_SIGNER/.message"
        exec 3<&-
        announce
        # A shell lets what runs in the background ignore Ctrl-C; at the passphrase it must end the command.
        env --default-signal=INT,QUIT ssh-keygen -q -Y sign -n act@sopti -f "$key" \
            <"$SOPTI_SIGNER/.message" >"$SOPTI_SIGNER/.signed" || {
            case $? in 130 | 131 | 143) return ;; esac # INT, QUIT, TERM; ssh-keygen itself ends with 255
            : >"$SOPTI_SIGNER/.signed"
        }
        cat "$SOPTI_SIGNER/.signed" >"$SOPTI_SIGNER/signature"
    done
}

finish() {
    [ -z "${agent:-}" ] || kill "$agent" 2>/dev/null
    [ -z "${server:-}" ] || kill "$server" 2>/dev/null
    [ -z "${SOPTI_SIGNER:-}" ] || rm -rf "$SOPTI_SIGNER"
}

unset SOPTI_SIGNER
trap finish EXIT
trap : INT TERM HUP # sopti itself hears them and ends in its own way
case $command in session | sesi) remember || exit 2 ;; esac
if [ -r "$public" ] && SOPTI_SIGNER=$(umask 077 && mktemp -d "$signers/XXXXXXXXXXXXXXXXXXXXXXXX" 2>/dev/null); then
    export SOPTI_SIGNER
    (
        umask 077
        mkfifo -m 0622 "$SOPTI_SIGNER/statement"
        mkfifo -m 0644 "$SOPTI_SIGNER/signature"
        cp "$public" "$SOPTI_SIGNER/key.pub"
        chmod 0644 "$SOPTI_SIGNER/key.pub"
        chmod 0711 "$SOPTI_SIGNER"
    )
    (umask 077 && serve) &
    server=$!
fi

case $PWD/ in
"$exchange"/*) ;;
*) cd "$exchange" || exit 2 ;;
esac
umask 027
case $command in
host | perangkat) ;; # asks at the terminal, and signs nothing
session | sesi) ;;   # is a terminal; its one signature needs no passphrase any more
*) [ ! -t 0 ] || exec </dev/null ;; # else sudo reads the terminal too: the passphrase, and Ctrl-C as a mere character
esac
as_owner "$@"
exit $?
