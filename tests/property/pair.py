"""The real services and the model side by side: each move goes to both, and they must agree."""

from datetime import timedelta

from sopti_runner.domain.authority_audit import AuthorityAudit
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from sopti_runner.errors import SoptiError
from sopti_runner.services.planning import make_plan
from tests.property.model import Model
from tests.unit.domain.example_court import ExampleCourt, KilledError, digest
from tests.unit.domain.signing import TestKey

PEOPLE = {
    "op1": ["operator"],
    "op2": ["operator"],
    "head": ["section_head"],
    "kabag": ["division_head"],
    "sec": ["secretary"],
    "dual": ["operator", "secretary"],  # a small court: one person, two offices
    "both": ["division_head", "secretary"],
    "spare": [],
}
KEY = {name: TestKey(name) for name in (*PEOPLE, *(f"{name}-2" for name in PEOPLE), "stranger")}
LONG_AGO = 1  # a key stolen "from event 1 on" never counted for anything after the founding
WORDS = {
    "dispose": {"letter_urgency": "urgent"},
    "prioritise": {"impact": "wide", "urgency": "low"},
    "triage": {"category": "mail", "impact": "wide", "urgency": "low"},
    "consider": {"advice": "approve"},
}
TEXTS = {"register": ("description", "unit"), "fulfil": ("result",), "declare": ("description",)}
FREE_FACTS = {"gate.refused", "read.finished", "run.finished"}  # what may be written although an act was refused


class DisagreementError(AssertionError):
    """The services did what the model forbids, or refused what it allows."""


class Pair:
    """One court, twice."""

    def __init__(self):
        self.real = ExampleCourt(PEOPLE)
        clock = self.real.clock
        zone = self.real.court().zone.tz
        self.model = Model(PEOPLE, self.now(), lambda time: time.astimezone(zone).date())
        self.requests, self.proposals, self.drawer = [], [], []
        self.starts = 0
        self.tampered = set()
        assert clock.time == self.model.last[0]

    def copy(self):
        twin = object.__new__(Pair)
        twin.real, twin.model = self.real.copy(), self.model.copy()
        twin.requests, twin.proposals, twin.drawer = list(self.requests), list(self.proposals), list(self.drawer)
        twin.starts, twin.tampered = self.starts, set(self.tampered)
        return twin

    def now(self):
        at = self.real.clock.now()
        return at.time, at.boot, at.mono

    def do(self, move):
        """Make a move in both worlds; DisagreementError when they differ."""
        name, *rest = move
        return getattr(self, "do_" + name)(*rest)

    # --- acts -------------------------------------------------------------------------------------------------------

    def do_act(self, act, who, at, how="own", says=(), later=False):
        """Prepare an act, then record it now or keep it in the drawer, signed, for another day."""
        says = dict(says)
        now, ref = self.now(), self._request(at)
        data, said = self._words(act, ref, says, how)
        decree = said.get("decree") or self.model.decree_of(ref)
        office = says.pop("office", None) or self.model.office_of(who, act, now, decree)
        texts = dict.fromkeys(TEXTS.get(act, ()), "x")
        texts |= {"reason": "x"} if act in ("revoke", "return", "reject", "withdraw", "refuse") else {}
        texts |= {"scan": "x"} if how[0] == "paper" else {}
        begins = act in ("register", "declare")
        subjects = [] if begins else [ref]
        waiting = self.real.acts.prepare(
            act, person=self.real.id[who], subjects=subjects, data=data, texts=texts, office=office
        )
        if begins:
            ref = parse_statement(waiting.statement).subjects[0]
            self.requests.append(ref)
        self._put_or_keep(waiting, self.model.statement(act, who, office, ref, said), how, later)

    def _request(self, at):
        return self.requests[at] if at is not None and at < len(self.requests) else "none"

    def _words(self, act, ref, says, how):
        """Give an act's own words for the services and for the model."""
        data, said = dict(WORDS.get(act, {})), {}
        if how[0] == "paper":
            data["recorder"] = self.real.id[how[2]]
        if act == "register":
            asker = says.get("asker", "")
            data |= {"kind": "incident", "category": "network", "urgency": "low", "personal_data": "no"}
            said["asker"] = asker
            data |= {"requester": self.real.id[asker]} if asker in self.real.id else {}
        if act == "declare":
            said["decree"] = self._newest_decree()
            data |= {"decree": said["decree"], "category": "security", "personal_data": "no"}
        if act == "classify":
            said["technical"] = says.get("technical", True)
            data |= {"category": "network", "change_type": "normal" if said["technical"] else "none"}
        if act in ("consider", "approve"):
            r = self.model.requests.get(ref)
            plan = r and r["plan"]
            if says.get("plan") == "other":
                plan = {"content": "other"}
            said["plan"], data["plan"] = plan, self._digest(ref, plan)
        if act == "approve":
            hosts = tuple(says.get("hosts") or (plan or {}).get("hosts") or ("web1",))
            opens, ends = (self.now()[0] + timedelta(hours=says.get(k, d)) for k, d in (("from", 0), ("to", 72)))
            said |= {"hosts": hosts, "from": opens, "to": ends}
            data |= {"hosts": list(hosts), "not_before": opens.isoformat(), "expires": ends.isoformat(), "uses": 1}
        return data, said

    def _newest_decree(self):
        known = self.model.proposals
        found = [ref for ref in self.proposals if known.get(ref, {}).get("kind") == "decree"]
        return found[-1] if found else "none"

    def _digest(self, ref, plan):
        """Give the digest of the plan the request stands on; of any other plan a wrong one."""
        real = self.real.court().requests.get(ref)
        r = self.model.requests.get(ref)
        return real.plan.digest if real and real.plan and r and plan == r["plan"] else digest(plan)

    def _put_or_keep(self, waiting, statement, how, later):
        statement["made"] = self.now()[0]
        self.drawer.append((waiting, statement, how))
        if not later:
            self._put(waiting, statement, how)

    def do_again(self, at):
        """Record what lies in the drawer: for the first time, or once more."""
        if at < len(self.drawer):
            self._put(*self.drawer[at])

    def _put(self, waiting, statement, how):
        now = self.now()
        real_proof, proof = self._proofs(waiting, statement, how)
        allowed = self.model.allows(statement, proof, now)
        self._agree(allowed, lambda: self.real.acts.record(waiting, real_proof), (statement["act"], statement, how))
        if allowed:
            self.model.record(statement, proof, now)

    def _proofs(self, waiting, statement, how):
        """Give the same proof for the services and for the model."""
        who = statement["who"]
        kind, key, by, recorder, raw = "signature", who, who, None, waiting.statement
        if how[0] == "key":
            key = how[1]
        elif how[0] == "signed_by":
            key = by = how[1]
        elif how[0] == "attested":
            kind, key, by = "attested", how[1], how[1]
        elif how[0] == "paper":
            kind, key, by, recorder = "paper", how[1], how[1], how[2]
        elif how == "edited":
            raw = raw.replace(b'"v":1', b'"v": 1')
        real = Proof(ProofKind(kind), self.real.id[by], KEY[key].fingerprint, KEY[key].sign(raw))
        return real, (kind, "edited" if how == "edited" else key, by, recorder)

    # --- the court's own rules --------------------------------------------------------------------------------------

    def do_propose(self, kind, who, says, how="own", later=False):
        says = dict(says)
        content, said = getattr(self, "_kind_" + kind)(**says)
        office = self.model.office_of(who, "propose", self.now())
        real_kind = {"end": "end_appointment"}.get(kind, kind)
        waiting = self.real.acts.prepare(
            "propose",
            person=self.real.id[who],
            subjects=[],
            data={"kind": real_kind, "content": content},
            texts={"decree": "SK"} if kind == "decree" else {},
            office=office,
        )
        ref = parse_statement(waiting.statement).subjects[0]
        self.proposals.append(ref)
        statement = self.model.statement("propose", who, office, ref, {"kind": kind, **said})
        self._put_or_keep(waiting, statement, how, later)

    def _kind_key(self, who, key):
        return {"person": self.real.id[who], "key": KEY[key].data()}, {"who": who, "key": key}

    def _kind_retire_key(self, key, stolen):
        data = {"fingerprint": KEY[key].fingerprint, "compromised_from": LONG_AGO if stolen else None}
        return data, {"key": key, "stolen": stolen}

    def _kind_appoint(self, who, office, status, first, last):
        today = self.model.today(self.now()[0])
        start = today + timedelta(days=first)
        end = None if last is None else start + timedelta(days=last)
        data = {"person": self.real.id[who], "office": office, "status": status}
        data |= {"first": start.isoformat(), "last": end.isoformat() if end else ""}
        return data, {"who": who, "office": office, "from": start, "to": end}

    def _kind_end(self, order, last):
        ref = self.proposals[order] if order < len(self.proposals) else "none"
        day = self.model.today(self.now()[0]) + timedelta(days=last)
        return {"appointment": ref, "last": day.isoformat()}, {"order": ref, "to": day}

    def _kind_policy(self, paper, no_attesting, asker, adviser, days):
        today = self.model.today(self.now()[0])
        until = {"asker": asker, "adviser": adviser}
        waived = {name: today + timedelta(days=n) for name, n in until.items() if n is not None}
        names = {"asker": "requester_approves", "adviser": "adviser_approves"}
        data = {"paper": paper, "validity_days": days}
        data["waivers"] = {names[name]: day.isoformat() for name, day in waived.items()}
        if no_attesting:
            data["attested"] = []
        policy = {"paper": paper, "no_attesting": no_attesting, "waived": waived, "days": days, "pause": 14}
        return {"policy": data}, {"policy": policy}

    def _kind_step(self, step, office):
        return {"step": step, "office": office}, {"step": step, "office": office}

    def _kind_decree(self, offices, covers, hosts, hours, first, last):
        start = self.model.today(self.now()[0]) + timedelta(days=first)
        end = start + timedelta(days=last)
        data = {"models": ["contoh" if covers else "lain"], "offices": sorted(offices), "hosts": sorted(hosts)}
        data |= {"hours": hours, "first": start.isoformat(), "last": end.isoformat()}
        said = {"offices": offices, "covers": covers, "hosts": hosts, "hours": hours, "first": start, "last": end}
        return data, said

    def _kind_end_decree(self):
        ref = self._newest_decree()
        return {"decree": ref}, {"decree": ref}

    def _kind_clock(self):
        return {}, {}

    def do_confirm(self, who, at, also=None, how="own", later=False):
        """Confirm a proposal; with ``also``, a second one under the same signature, which no rule allows."""
        refs = [self.proposals[n] if n < len(self.proposals) else "none" for n in (at, also) if n is not None]
        office = self.model.office_of(who, "confirm", self.now())
        waiting = self.real.acts.prepare("confirm", person=self.real.id[who], subjects=refs, data={}, office=office)
        statement = self.model.statement("confirm", who, office, refs[0] if len(refs) == 1 else "two", {})
        self._put_or_keep(waiting, statement, how, later)

    # --- plan and run -----------------------------------------------------------------------------------------------

    def do_plan(self, who, at, hosts=("web1", "web2"), key=None):
        now, ref, key, world = self.now(), self._request(at), key or who, self.real.hosts
        plan = {
            "content": world.content,
            "hosts": tuple(hosts),
            "states": {h: world.state[h] for h in hosts},
            "fails": world.fails,
        }
        before = self.model.copy()
        who = self.model.keys.get(key, {}).get("owner", who)
        allowed = self.model.plan(ref, who, key, plan, world.fails, now)

        def call():
            make_plan(
                self.real.acts,
                self.real.content,
                self.real.engine,
                KEY[key],
                number=ref,
                playbook="contoh",
                limit=hosts,
                variables={},
                tags=(),
                progress=lambda host, what: None,
            )

        self._agree(allowed, call, ("plan", who, key, before.requests.get(ref)))

    def do_apply(self, who, at, ends="done", key=None):
        now, ref, key, world = self.now(), self._request(at), key or who, self.real.hosts
        hosts = ((self.model.requests.get(ref) or {}).get("plan") or {}).get("hosts", ())
        world.ends = ends = "done" if ends == "partial" and len(hosts) == 1 else ends
        for dead in [n for n, r in self.model.requests.items() if r["state"] == "running"]:
            self.model.ended(dead, "interrupted")
            self.model.heard(now)
        plan = (self.model.requests.get(ref) or {}).get("plan")
        facts = {
            "content": world.content,
            "hosts": dict(world.state),
            "intact": plan is None or (plan["content"], plan["hosts"]) not in self.tampered,
        }
        who = self.model.keys.get(key, {}).get("owner", who)  # the services know people by their keys
        allowed = self.model.may_start(ref, who, key, facts, now)

        def call():
            try:
                self.real.applying.apply(ref, KEY[key], lambda host, what: None)
            except SoptiError:
                if not self.real.ledger.full:
                    raise
            except KilledError:
                pass
            finally:
                self.real.ledger.full = False

        before = len(world.applied)
        self._agree(allowed, call, ("apply", who, key, self.model.requests.get(ref)))
        if (len(world.applied) > before) != allowed:
            raise DisagreementError("hosts were touched without a start, or not touched after one")
        if allowed:
            self.starts += 1
            self.model.started(ref, who)
            if ends != "killed":
                self.model.ended(ref, ends)

    def do_start_by_hand(self, who, at):
        """Sign a start and record it as any other act, past the gate."""
        ref = self._request(at)
        request = self.real.court().requests.get(ref)
        if request is None or request.plan is None:
            return
        data = {"approval": request.approval, "plan": request.plan.digest, "hosts": list(request.plan.hosts)}
        waiting = self.real.acts.prepare("start", person=self.real.id[who], subjects=[ref], data=data)
        proof = Proof(ProofKind.SIGNATURE, self.real.id[who], KEY[who].fingerprint, KEY[who].sign(waiting.statement))
        self._agree(False, lambda: self.real.acts.record(waiting, proof), ("start by hand", who))

    def audit(self):
        """Judge the whole ledger again as an auditor does: what was let through stays lawful, event by event."""
        audit = AuthorityAudit()
        found = [defect for event in self.real.ledger.kept for defect in audit.see(event)]
        if found:
            raise DisagreementError(f"the auditor finds {found[0]} in what the services recorded")

    # --- the world --------------------------------------------------------------------------------------------------

    def do_edit(self, content, fails):
        self.real.hosts.content, self.real.hosts.fails = content, fails

    def do_drift(self, host, state):
        self.real.hosts.state[host] = state

    def do_tamper(self, at, mended):
        r = self.model.requests.get(self._request(at))
        if r and r["plan"]:
            real = self.real.court().requests[self._request(at)].plan.sealed
            (self.tampered.discard if mended else self.tampered.add)((r["plan"]["content"], r["plan"]["hosts"]))
            (self.real.hosts.tampered.discard if mended else self.real.hosts.tampered.add)(real)

    def do_wait(self, seconds):
        self.real.clock.run(seconds=seconds)

    def do_set_clock(self, seconds):
        self.real.clock.set_wall(seconds=seconds)

    def do_mend_clock(self):
        self.real.clock.mend()

    def do_reboot(self, seconds):
        self.real.clock.reboot(seconds=seconds)

    # --- agreement --------------------------------------------------------------------------------------------------

    def _agree(self, allowed, call, what):
        before = len(self.real.ledger.kept)
        codes = ()
        try:
            call()
            done = True
        except SoptiError as error:
            done, codes = False, [getattr(r, "code", r) for r in getattr(error, "reasons", ())] or [repr(error)]
        new = [e.type for e in self.real.ledger.kept[before:]]
        if done != allowed:
            raise DisagreementError(f"{what}: services {'did' if done else f'refused {codes}'}; model says {allowed}")
        if not done and set(new) - FREE_FACTS:
            raise DisagreementError(f"{what}: refused, and yet {new} was written")
        if new:
            self.model.heard(self.now())
        started = sum(e.type == "run.started" for e in self.real.ledger.kept)
        if started != self.starts + (allowed and what[0] == "apply"):
            raise DisagreementError(f"{what}: {started} runs started, the model allowed {self.starts}")
