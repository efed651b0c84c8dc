# restore ROOT ASIDE ARCHIVE: ROOT's files go to ASIDE, the archive's come in.
# undo ROOT ASIDE UNDONE: ROOT's files go to UNDONE, those of ASIDE come back.
# A maintenance page mounted over ROOT stays for visitors: this works below it, in a mount namespace of its own.
set -eu
exec unshare --mount sh -euc '
umask 077
what=$1 root=$2 aside=$3 other=$4
while mountpoint -q "$root"; do umount "$root"; done
move() { find "$1" -mindepth 1 -maxdepth 1 -exec mv -t "$2" {} +; }
if [ "$what" = restore ]; then
  rm -rf "$aside.new" "$aside.part"
  mkdir "$aside.new" "$aside.part"
  tar --extract --preserve-permissions --file "$other" --directory "$aside.new"
  move "$root" "$aside.part"
  move "$aside.new" "$root"
  rmdir "$aside.new"
  mv "$aside.part" "$aside"
else
  mkdir "$other"
  move "$root" "$other"
  move "$aside" "$root"
  rmdir "$aside"
fi
' swap "$@"
