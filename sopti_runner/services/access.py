"""Ways into hosts: certificates for each errand, recorded before they are made, and what a host's door let in since."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from sopti_runner.domain.access import Access as AccessState
from sopti_runner.domain.access import Certificate, Purpose, certificates, key_id
from sopti_runner.domain.court import Court
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import N_, IntegrityError, UsageError
from sopti_runner.ports import Engine
from sopti_runner.ports.access import Errand, HostDoors, HostKeys, SshAuthority
from sopti_runner.services.books import Books


def on_own_keys(engine: Engine, errand: Errand) -> AbstractContextManager[Engine]:
    """Give the engine as it is: the inventory's own keys open the hosts."""
    return nullcontext(engine)


class Access:
    """The gate as certificate authority for hosts.

    Args:
        books: The court's books.
        authority: Signs; its key lies in the state folder.
        carrying: Gives an engine that reaches hosts with these keys.
        doors: Gives what tries hosts from outside; asked for only then, for it reads the inventory.
    """

    def __init__(
        self,
        books: Books,
        authority: SshAuthority,
        carrying: Callable[[HostKeys], Engine],
        doors: Callable[[], HostDoors],
    ) -> None:
        self.books, self.authority, self.carrying, self.doors = books, authority, carrying, doors

    def found(self) -> str:
        """Make the authority and record it; gives its fingerprint.

        A key that was made and not recorded, because the machine stopped in between, is recorded now.

        Raises:
            UsageError: There is an authority.
            LedgerError: Its key can't be made.
        """
        known = self.books.court().access.in_use
        if known:
            raise UsageError(
                N_("There is a certificate authority already"),
                on=known[0].fingerprint,
                next="sopti access rotate",
            )
        public = self.authority.publics()[0] if self.authority.exists() else self.authority.create(self.books.store.log)
        self._tell("authority.made", {"fingerprint": public.fingerprint, "public": public.line})
        return public.fingerprint

    @contextmanager
    def escort(self, engine: Engine, errand: Errand) -> Iterator[Engine]:
        """Give an engine that carries certificates for the hosts that take them, and own keys for all others.

        A host that may be converted on this errand is shown both, and how it lets us in is tried at its end.
        """
        access = self.books.court().access
        wanted = [h for h in errand.hosts if errand.converting or access.by_certificate(h)]
        if not wanted:
            yield engine
            return
        plain = frozenset(errand.hosts) if errand.converting else frozenset()
        try:
            with self.keys(errand, wanted, plain) as keys:
                yield self.carrying(keys)
        finally:
            if errand.converting:
                self.check(wanted)

    @contextmanager
    def keys(self, errand: Errand, hosts: Sequence[str], plain: frozenset[str] = frozenset()) -> Iterator[HostKeys]:
        """Issue certificates for hosts, to a key made for this errand: recorded first, then signed."""
        purpose = Purpose.RUN if errand.run else Purpose.READ
        self.require_known()
        with self.authority.errand() as key:
            issued = self.issue(errand, hosts, purpose, key.fingerprint)
            yield key.certify(issued, plain)

    @contextmanager
    def session(self, errand: Errand, host: str, person: str, window_s: int) -> Iterator[HostKeys]:
        """Let one person into one host by a certificate of their own, whose key only sopti holds, as long as given.

        Args:
            errand: The run of which the work is.
            host: Where.
            person: Who.
            window_s: Seconds that the certificate counts.
        """
        self.require_known()
        with self.authority.errand() as key:
            issued = self.issue(errand, [host], Purpose.SESSION, key.fingerprint, person=person, window_s=window_s)
            yield key.certify(issued, frozenset())

    @contextmanager
    def reading(self, hosts: Sequence[str]) -> Iterator[HostKeys]:
        """Give what opens hosts for a look that no request asked for: certificates where they are taken."""
        certified = [h for h in hosts if self.books.court().access.by_certificate(h)]
        if not certified:
            yield HostKeys("", "", {}, frozenset())
            return
        with self.keys(Errand("", "", tuple(certified)), certified) as keys:
            yield keys

    def rotate(self) -> str:
        """Make a new authority beside the one in use; both sign until ``retire``. Gives the new one's fingerprint."""
        self.require_known()
        public = self.authority.rotate(self.books.store.log)
        self._tell("authority.made", {"fingerprint": public.fingerprint, "public": public.line})
        return public.fingerprint

    def retire(self) -> str:
        """Destroy the authority that was put aside, every converted host having taken the new one.

        Raises:
            UsageError: A host has not been opened by the new authority yet: it may know the old one alone.
        """
        access = self.books.court().access
        newest = access.in_use[0].fingerprint if access.in_use else ""
        late = sorted(h for h, way in access.ways.items() if way.certificate and way.authority != newest)
        if late:
            raise UsageError(
                N_("Hosts have not shown yet that they take the new authority"),
                on=", ".join(late),
                expected=N_("a run of set-ssh-access on each of them"),
                next="sopti access variables access.yml",
            )
        public = self.authority.retire()
        self._tell("authority.retired", {"fingerprint": public.fingerprint})
        return public.fingerprint

    def revoke(self, serials: Sequence[int], request: str, reason: str) -> tuple[int, ...]:
        """List certificates as revoked: by serial, and all that may still count of a request.

        Raises:
            UsageError: No such certificate, or none that still counts.
        """
        books, at = self.books, self.books.now()
        access = books.court().access
        unknown = [n for n in serials if n not in access.issued]
        if unknown:
            raise UsageError(
                N_("No certificate has this serial"), on=", ".join(map(str, unknown)), next="sopti access show"
            )
        wanted = {n for n in access.issued if n in serials or (request and access.issued[n].request == request)}
        fresh = tuple(sorted(n for n in wanted if access.issued[n].revoked_at is None))
        if not fresh:
            raise UsageError(N_("There is nothing left to revoke"), on=request or ", ".join(map(str, serials)))
        krl = self.authority.revocations(self._revoked(access), fresh, ())
        blobs = [books.blob("krl", krl), *([books.blob("reason", reason)] if reason else [])]
        data = {"serials": list(fresh), "keys": []}
        books.tell([Draft(books.new_id(at), "access.revoked", books.store.log, SYSTEM, data, blobs)])
        return fresh

    def issue(
        self,
        errand: Errand,
        hosts: Sequence[str],
        purpose: Purpose,
        fingerprint: str,
        *,
        person: str = "",
        window_s: int = 0,
    ) -> tuple[Certificate, ...]:
        """Record certificates with serials of their own; what is recorded may be signed."""
        books, made = self.books, ""
        given: tuple[Certificate, ...] = ()

        def settled(court: Court, at: Instant) -> list[Draft]:
            nonlocal given, made
            made = books.new_id(at)
            ids = {host: key_id(errand.number, purpose, errand.run or made, host) for host in hosts}
            now = books.believed(court, at).time
            given = certificates(court.access.next_serial, ids, purpose, now, window_s)
            data = {
                "number": errand.number,
                "purpose": purpose.value,
                "errand": errand.run or made,
                "key": fingerprint,
                "first": given[0].first.isoformat(),
                "last": given[0].last.isoformat(),
                "certificates": [{"host": c.host, "serial": c.serial} for c in given],
                **({"person": person} if person else {}),
            }
            return [Draft(made, "access.certified", errand.request or court.origin, SYSTEM, data)]

        books.settle(settled)
        return given

    def require_known(self) -> None:
        """Refuse to sign with a key that the ledger does not name: IntegrityError."""
        known = [a.fingerprint for a in self.books.court().access.in_use]
        found = [key.fingerprint for key in self.authority.publics()]
        if not known or found != known:
            raise IntegrityError(
                N_("The certificate authority's key is not the one that the ledger names"),
                on="ssh-ca.key",
                expected=", ".join(known) or N_("an authority: sopti access init"),
                found=", ".join(found) or N_("nothing"),
                next="sopti access show" if known else "sopti access init",
            )

    def variables(self, hosts: Sequence[str] = ()) -> dict[str, object]:
        """Give what the role ``ssh_access`` is to be told now: authorities, revocations, standing keys of the hosts."""
        access, doors = self.books.court().access, self.doors()
        standing = {key.line for host in hosts or doors.hosts() if (key := doors.standing_key(host))}
        return {
            "ssh_access_authorities": [authority.public for authority in access.in_use],
            "ssh_access_revoked": base64.b64encode(self._revoked(access)).decode(),
            "ssh_access_standing_keys": sorted(standing),
        }

    def _revoked(self, access: AccessState) -> bytes:
        """Give the list of what is revoked, empty when nothing is; IntegrityError when the ledger lost it."""
        if access.revocations is None:
            return b""
        kept = self.books.store.blob(access.revocations.digest)
        if kept is None:
            raise IntegrityError(
                N_("The list of revoked certificates is gone"),
                on=access.revocations.digest.hex(),
                next="sopti ledger verify",
            )
        return kept.content

    def check(self, hosts: Sequence[str]) -> dict[str, tuple[bool, bool]]:
        """Try each host by certificate alone and by its own key alone, and record how it let us in.

        While two authorities are in use it is told apart which of them the host takes. A host that opens to neither
        keeps what was known of it: it may just be down.
        """
        found, doors = {}, self.doors()
        with self.keys(Errand("", "", tuple(hosts)), hosts) as keys:
            newest, *older = (authority.fingerprint for authority in self.books.court().access.in_use)
            alone = replace(keys, certificates={host: files[:1] for host, files in keys.certificates.items()})
            for host in hosts:
                by_newest = doors.opens(host, alone, plain=False)[0]
                certificate = by_newest or (bool(older) and doors.opens(host, keys, plain=False)[0])
                plain = doors.opens(host, keys, plain=True)[0]
                found[host] = (certificate, plain)
                if certificate or plain:
                    authority = newest if by_newest else older[0] if certificate else ""
                    data = {"host": host, "certificate": certificate, "plain": plain, "authority": authority}
                    self._tell("access.checked", data)
        return found

    def _tell(self, kind: str, data: dict[str, object]) -> None:
        books = self.books
        books.tell([Draft(books.new_id(books.now()), kind, books.store.log, SYSTEM, data)])
