"""Random sequences of moves: mostly the SOP's next step by somebody who may take it, often enough something else.

A move is plain data, so that a failing sequence can be printed, shortened and played again.
"""

from tests.property.pair import PEOPLE
from tests.property.sop_tables import OFFICES, STEP
from tests.property.traps import LAST, TRAPS

NEXT = {
    "registered": "dispose",
    "disposed": "examine",
    "examined": "classify",
    "classified": "verify",
    "verified": "prioritise",
    "prioritised": "plan",
    "planned": "consider",
    "considered": "approve",
    "approved": "apply",
    "partial": "plan",
    "returned": "resubmit",
    "triaged": "grant",
    "granted": "fulfil",
    "done": "close",
    "declared": "plan",
    "readied": "apply",
    "unratified": "ratify",
    "unratified_part": "ratify",
}
HOUR, DAY = 3600, 86400
NAMES = list(PEOPLE)


class Moves:
    """Chooses moves for a pair; the same random source gives the same moves."""

    def __init__(self, random, pair, traps=TRAPS):
        self.random, self.pair, self.traps = random, pair, traps
        self.ahead = []  # what is left of the trap being laid

    def next(self):
        """Give one move: more often one that goes on with what waits."""
        r, pair = self.random, self.pair
        if self.ahead and r.random() < 0.93:
            return self._now(self.ahead.pop(0))
        if not pair.model.clock_believable(pair.now()) and r.random() < 0.4:
            return ("mend_clock",)
        if any(not self._done(ref) for ref in pair.proposals[-2:]) and r.random() < 0.35:
            return self._confirm()
        return getattr(self, "_" + r.choices(self.KINDS, self.WEIGHTS)[0])()

    KINDS = ("onward", "act", "apply", "replan", "again", "by_hand", "propose", "confirm", "world", "time")
    WEIGHTS = (52, 9, 8, 4, 6, 1, 8, 1, 7, 5)

    def _now(self, move):
        """Put what was made last in the place of ``LAST`` and of negative numbers."""
        made = {"again": self.pair.drawer, "confirm": self.pair.proposals}.get(move[0], ())

        def place(value):
            if value == LAST and type(value) is str:
                return max(0, len(made or self.pair.proposals) - 1)
            return max(0, len(made) + value) if type(value) is int and value < 0 and made else value

        if move[0] == "propose":
            kind, who, says, *rest = move[1:]
            return ("propose", kind, who, tuple((k, place(v)) for k, v in says), *rest)
        return tuple(place(value) for value in move) if made else move

    # --- along the SOP ------------------------------------------------------------------------------------------------

    def _onward(self):
        """The next step of a request, by somebody whose office it is."""
        model = self.pair.model
        alive = [n for n, ref in enumerate(self.pair.requests) if self._state(ref) in NEXT]
        if not alive or (len(self.pair.requests) < 3 and self.random.random() < 0.03):
            return ("act", "register", self._official("register"), None, "own", (("asker", self._asker()),), False)
        at = alive[-1] if self.random.random() < 0.75 else self.random.choice(alive)
        step = NEXT[self._state(self.pair.requests[at])]
        if step == "approve" and not self.ahead and self.random.random() < 0.6:
            self.ahead = self.random.choice(self.traps)(self.random, at)
            return self._now(self.ahead.pop(0))
        if step == "apply":
            return ("apply", self._official("plan"), at, self._end())
        if step == "plan":
            return ("plan", self._official("plan"), at, self._hosts())
        says = ()
        if step == "approve":
            says = (("to", self.random.choice([1, 24, 72, 72, 72, 300])),)
        return ("act", step, self._official(step, model), at, self._how(step), says, self.random.random() < 0.03)

    def _state(self, ref):
        return self.pair.model.requests.get(ref, {}).get("state")

    def _official(self, act, model=None):
        model = model or self.pair.model
        when = model.moment(self.pair.now())
        able = [n for n in NAMES if any(model.holds(n, o, when) for o in model.offices_for(act))]
        return self.random.choice(able if able and self.random.random() < 0.93 else NAMES)

    def _asker(self):
        return self.random.choice(["", "", "head", "sec", "op1", "spare", "both"])

    def _end(self):
        return self.random.choice(["done", "done", "partial", "failed", "killed"])

    def _hosts(self):
        return self.random.choice([("web1", "web2"), ("web1", "web2"), ("web1",)])

    def _how(self, act, honest=0.85):
        """How the act is proven: mostly by the person's own key."""
        if self.random.random() < honest:
            return "own"
        anyone = self.random.choice(NAMES)
        return self.random.choice(
            [
                ("attested", self.random.choice(["op1", "op2", "dual", anyone])),
                ("paper", self.random.choice(["kabag", "head", "op1", anyone]), self.random.choice(["op1", anyone])),
                ("key", self.random.choice(["stranger", anyone, f"{anyone}-2"])),
                "edited",
            ]
        )

    # --- aside --------------------------------------------------------------------------------------------------------

    def _at(self):
        return self.random.randrange(max(1, len(self.pair.requests)))

    def _act(self):
        act = self.random.choice([a for a in STEP if a not in ("plan", "declare")])
        who = self._official(act) if self.random.random() < 0.6 else self.random.choice(NAMES)
        says = []
        if act in ("consider", "approve") and self.random.random() < 0.2:
            says.append(("plan", "other"))
        if act == "approve":
            says.append(("to", self.random.choice([-1, 1, 72, 400])))
            says += [("from", 2)] if self.random.random() < 0.2 else []
            says += [("hosts", ("web1",))] if self.random.random() < 0.1 else []
        if act == "classify":
            says.append(("technical", self.random.random() < 0.7))
        if act == "register":
            says.append(("asker", self._asker()))
        if self.random.random() < 0.1:
            says.append(("office", self.random.choice(sorted(OFFICES))))
        at = None if act == "register" else self._at()
        return ("act", act, who, at, self._how(act), tuple(says), self.random.random() < 0.2)

    def _apply(self):
        at, who = self._at(), self.random.choice(NAMES)
        key = self.random.choice([f"{who}-2", "stranger"]) if self.random.random() < 0.1 else None
        return ("apply", who, at, self._end(), key)

    def _replan(self):
        return ("plan", self._official("plan"), self._at(), self._hosts())

    def _again(self):
        return ("again", self.random.randrange(max(1, len(self.pair.drawer))))

    def _by_hand(self):
        return ("start_by_hand", self._official("plan"), self._at())

    # --- the court's own rules ----------------------------------------------------------------------------------------

    def _propose(self):
        r = self.random
        kind = r.choice(["key", "retire_key", "appoint", "appoint", "end", "policy", "policy", "step", "clock"])
        who, name = self._official("propose"), r.choice(NAMES)
        made = self.pair.model.proposals
        appointed = [n for n, ref in enumerate(self.pair.proposals) if made.get(ref, {}).get("kind") == "appoint"]
        says = {
            "key": lambda: {"who": name, "key": r.choice([f"{name}-2", f"{name}-2", f"{r.choice(NAMES)}-2", name])},
            "retire_key": lambda: {"key": r.choice([name, f"{name}-2"]), "stolen": r.random() < 0.5},
            "appoint": lambda: {
                "who": name,
                "office": r.choice(["operator", "secretary", "secretary", "division_head", "chair"]),
                "status": r.choice(["definitive", "plh", "plt"]),
                "first": r.choice([-30, 0, 0, 0, 2]),
                "last": r.choice([None, 0, 3, 40]),
            },
            "end": lambda: {"order": r.choice(appointed) if appointed else 0, "last": r.choice([-2, -1, 0, 1])},
            "policy": lambda: {
                "paper": r.random() < 0.7,
                "no_attesting": r.random() < 0.2,
                "asker": r.choice([None, -1, 0, 5]),
                "adviser": r.choice([None, 0, 5]),
                "days": r.choice([1, 14, 30]),
            },
            "step": lambda: {"step": r.choice(["B7", "B8", "B8", "B9"]), "office": r.choice(sorted(OFFICES))},
            "clock": dict,
        }[kind]()
        return ("propose", kind, who, tuple(says.items()), self._how("propose", 0.93))

    def _confirm(self):
        waiting = [n for n, ref in enumerate(self.pair.proposals) if not self._done(ref)]
        at = (waiting[-1] if self.random.random() < 0.7 else self.random.choice(waiting)) if waiting else 0
        also = self.random.choice(waiting) if waiting and self.random.random() < 0.1 else None
        return ("confirm", self._official("confirm"), at, also, self._how("confirm", 0.93))

    def _done(self, ref):
        return self.pair.model.proposals.get(ref, {"done": True})["done"]

    # --- the world ----------------------------------------------------------------------------------------------------

    def _world(self):
        r = self.random
        return r.choice(
            [
                ("edit", r.choice([0, 0, 1, 2]), r.random() < 0.15),
                ("edit", 0, False),
                ("drift", r.choice(["web1", "web2"]), r.choice([0, 0, 1, 10])),
                ("tamper", self._at(), r.random() < 0.5),
            ]
        )

    def _time(self):
        r = self.random
        return r.choice(
            [
                ("wait", r.choice([2, HOUR, DAY, 3 * DAY, 10 * DAY])),
                ("wait", HOUR),
                ("set_clock", r.choice([-4, -60, -HOUR, -3 * DAY, 4, HOUR, 2 * DAY, 30 * DAY])),
                ("reboot", r.choice([-HOUR, 60, DAY, 20 * DAY])),
            ]
        )
