"""A court with one person an office, acts made by hand for ``judge``, and requests brought to a state."""

from dataclasses import replace
from datetime import timedelta

from sopti_runner.domain.authority import Act, judge
from sopti_runner.domain.office import Appointment, Status
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from sopti_runner.services.planning import make_plan
from tests.fakes import OFFICIALS
from tests.unit.domain.example_court import ExampleCourt
from tests.unit.domain.signing import TestKey

PEOPLE = {
    **OFFICIALS,
    "dual": ["operator", "secretary"],
    "spare": [],
}
WORDS = {
    "register": {"kind": "incident", "category": "network", "urgency": "low", "personal_data": "no"},
    "dispose": {"letter_urgency": "urgent"},
    "classify": {"category": "network", "change_type": "normal"},
    "prioritise": {"impact": "wide", "urgency": "high"},
    "triage": {"category": "mail", "impact": "single", "urgency": "low"},
    "consider": {"advice": "approve"},
    "declare": {"category": "security", "personal_data": "unknown"},
    "record": {"category": "security", "personal_data": "unknown", "acted": "", "hosts": ["web1"], "evidence": ""},
}
TEXTS = {
    "register": ("description", "unit"),
    "fulfil": ("result",),
    "declare": ("description",),
    "record": ("description", "acted_by"),
}
NEED_REASON = ("revoke", "return", "reject", "withdraw", "refuse")
BEGINS = ("register", "propose", "declare", "record")
WAY = (
    ("dispose", "sec"),
    ("examine", "head"),
    ("classify", "op"),
    ("verify", "head"),
    ("prioritise", "head"),
    ("plan", "op"),
    ("consider", "kabag"),
    ("approve", "sec"),
    ("apply", "op"),
    ("close", "op"),
)


class Desk(ExampleCourt):
    """An example court with short words for what tests do most."""

    def __init__(self, preset="banding"):
        people = PEOPLE if preset == "banding" else {k: v for k, v in PEOPLE.items() if k != "kabag"}
        super().__init__(people, preset)
        self.key |= {"stranger": TestKey("stranger")}

    # --- through the services -----------------------------------------------------------------------------------------

    def waiting(self, name, who, request="", *, texts=None, office="", subjects=None, **data):
        """Prepare an act with the least it must say; ``data`` adds or replaces."""
        made = name in BEGINS
        needed = dict.fromkeys((*TEXTS.get(name, ()), *(("reason",) if name in NEED_REASON else ())), "contoh")
        return self.acts.prepare(
            name,
            person=self.id.get(who, who),
            subjects=subjects if subjects is not None else ([] if made else [request]),
            data={**WORDS.get(name, {}), **self._plan_words(name, request), **data},
            texts={**needed, **(texts or {})},
            office=office,
        )

    def _plan_words(self, name, request):
        known = self.court().requests.get(request)
        if name not in ("consider", "approve") or known is None or known.plan is None:
            return {}
        words = {"plan": known.plan.digest}
        if name == "approve":
            now = self.clock.time
            ends = (now + timedelta(days=3)).isoformat()
            words |= {"hosts": list(known.plan.hosts), "not_before": now.isoformat(), "expires": ends, "uses": 1}
        return words

    def do(self, name, who, request="", **how):
        """Prepare, sign with the person's own key, record; gives the first event."""
        return self.acts.sign(self.waiting(name, who, request, **how), self.key[who])[0]

    def plan(self, who, request, hosts=("web1", "web2")):
        return make_plan(
            self.acts,
            self.content,
            self.engine,
            self.key[who],
            number=request,
            playbook="contoh",
            limit=hosts,
            variables={},
            tags=(),
            progress=lambda host, what: None,
        )

    def apply(self, who, request):
        return self.applying.apply(request, self.key[who], lambda host, what: None)

    def request(self, until, **register):
        """Register a request and bring it just past the act ``until``; gives its id."""
        ident = self.do("register", "op", **register).subject
        for name, who in WAY if until != "register" else ():
            doer = who if who in self.id else "head"
            if name in ("plan", "apply"):
                getattr(self, name)(doer, ident)
            else:
                self.do(name, doer, ident)
            if name == until:
                break
        return ident

    def rule(self, kind, by="kabag", confirmed_by="sec", texts=None, **content):
        """Propose a rule of the court and confirm it; gives the proposal's id."""
        ident = self.do("propose", by, texts=texts, kind=kind, content=content).subject
        self.do("confirm", confirmed_by, ident)
        return ident

    def decree(self, confirmed_by="sec", **changed):
        """Register a decree that allows operators the playbook of these tests for ten days; gives its id."""
        today = self.court().today(self.clock.time)
        content = {
            **{"models": ["contoh"], "offices": ["operator"], "hosts": [], "hours": 4},
            **{"first": today.isoformat(), "last": (today + timedelta(days=9)).isoformat()},
            **changed,
        }
        return self.rule("decree", confirmed_by=confirmed_by, texts={"decree": "SK contoh"}, **content)

    def emergency(self, until, decree, who="op", hosts=("web1", "web2")):
        """Declare an emergency and bring it just past the act ``until``; gives the request's id."""
        ident = self.do("declare", who, decree=decree).subject
        for name in ("plan", "apply") if until != "declare" else ():
            self.plan(who, ident, hosts) if name == "plan" else self.apply(who, ident)
            if name == until:
                break
        return ident

    # --- by hand, for judge -------------------------------------------------------------------------------------------

    def act(self, waiting, *, kind="signature", by=None, key=None, raw=None, **changed):
        """Give the act of a prepared statement; anything about it or its proof can be replaced.

        Args:
            raw: Function from the statement's bytes to the bytes that are put forward; the signature stays.
        """
        said = parse_statement(waiting.statement)
        who = by or next((n for n, ident in self.id.items() if ident == said.person), said.person)
        signer = self.key[key or who]
        proof = Proof(ProofKind(kind), self.id.get(who, who), signer.fingerprint, signer.sign(waiting.statement))
        shown = raw(waiting.statement) if raw else waiting.statement
        made = Act(said.act, said.subjects, said.person, said.office, said.data, shown, proof)
        return replace(made, **changed)

    def codes(self, act, court=None, now=None):
        """Give the codes of judge's reasons, sorted."""
        return sorted({r.code for r in judge(court or self.court(), act, now or self.clock.time)})

    def judged(self, name, who, request="", *, proof=None, **how):
        """Prepare an act and give the codes of judge's reasons."""
        return self.codes(self.act(self.waiting(name, who, request, **how), **(proof or {})))

    def in_state(self, request, state):
        """Give the court with a request put into a state, whatever way leads there."""
        court = self.court()
        court.requests[request] = replace(court.requests[request], state=state)
        return court

    def with_office(self, court, who, office):
        """Give a person one more office in a folded court."""
        now = self.clock.time
        first = court.today(now)
        court.register.appointments[f"{who}/{office}"] = Appointment(
            f"{who}/{office}", self.id[who], office, Status.DEFINITIVE, first, None, now
        )
        return court
