"""A second opinion, as plain as possible: what the SOP and the court's rules allow, in dictionaries.

The rule this module keeps: it imports nothing of sopti and shares no table with it. It was written from the SOP's rows
B1-B9 and the rules of approval, not from the code, and it says yes or no to every act. It knows people by name, plans
by what they were made from, and time by the clock shown to it.

Where it is simpler than the real thing: it gives no reasons, and statements are tuples that nobody can forge except by
saying so.
"""

import copy
from datetime import date, timedelta

OFFICE = {  # appellate court: who carries out each step
    "B1": "operator",
    "B2": "secretary",
    "B3": "section_head",
    "B4": "operator",
    "B5": "section_head",
    "B6": "section_head",
    "B7": "division_head",
    "B8": "secretary",
    "B9": "operator",
}
OFFICES = {"operator", "section_head", "division_head", "secretary", "chair"}
STEP = {  # act: the SOP rows whose officials may do it
    "register": "B1",
    "dispose": "B2",
    "examine": "B3",
    "classify": "B4",
    "verify": "B5",
    "prioritise": "B6",
    "plan": "B9",
    "consider": "B7",
    "approve": "B8",
    "revoke": "B8",
    "return": "B2 B3 B5 B7 B8",
    "reject": "B2 B8",
    "resubmit": "B1",
    "withdraw": "B1",
    "triage": "B1",
    "grant": "B8",
    "fulfil": "B9",
    "close": "B9",
}
OPEN = "registered disposed examined classified verified prioritised planned considered triaged"
WAY = {  # act: (states it may follow, state it leads to)
    "dispose": ("registered", "disposed"),
    "examine": ("disposed", "examined"),
    "classify": ("examined", "classified"),
    "verify": ("classified", "verified"),
    "prioritise": ("verified", "prioritised"),
    "plan": ("prioritised planned considered approved partial", "planned"),
    "consider": ("planned", "considered"),
    "approve": ("considered", "approved"),
    "revoke": ("approved", "planned"),
    "return": (OPEN, "returned"),
    "reject": (OPEN, "rejected"),
    "resubmit": ("returned", "registered"),
    "withdraw": (OPEN + " approved partial returned granted", "withdrawn"),
    "triage": ("registered", "triaged"),
    "grant": ("triaged prioritised", "granted"),
    "fulfil": ("granted", "closed"),
    "close": ("done", "closed"),
}
EMERGENCY_WAY = {  # (state, act): state, of a request that was declared an emergency or recorded after the fact
    ("declared", "plan"): "readied",
    ("readied", "plan"): "readied",
    ("readied", "start"): "running",
    ("declared", "withdraw"): "withdrawn",
    ("readied", "withdraw"): "withdrawn",
    ("unratified", "ratify"): "done",
    ("unratified", "refuse"): "done",
    ("unratified_part", "ratify"): "partial",
    ("unratified_part", "refuse"): "partial",
}
OWN_HAND = {"approve", "grant", "revoke", "propose", "confirm"}  # acts no operator may attest for somebody
ON_PAPER = {"approve", "grant", "reject"}
POLICY = {"paper": True, "no_attesting": False, "waived": {}, "days": 14, "pause": 14}


class Model:
    """What is true in the court, as far as a run depends on it.

    Args:
        people: Name → offices held from the first day.
        now: The clock's reading (aware time, boot, microseconds since boot) at the founding.
        today: Turns a time into the court's day.
    """

    def __init__(self, people, now, today):
        self.today = today
        self.last = now
        self.keys = {name: {"owner": name, "alive": True, "void": False} for name in people}
        self.posts = [
            {"who": name, "office": office, "from": today(now[0]), "to": None, "known": now[0]}
            for name, offices in people.items()
            for office in offices
        ]
        self.office = dict(OFFICE)
        self.policy = copy.deepcopy(POLICY)
        self.requests = {}
        self.proposals = {}
        self.signed, self.used_nonces = 0, set()

    def copy(self):
        return copy.deepcopy(self)

    # --- time -------------------------------------------------------------------------------------------------------

    def clock_believable(self, now):
        """Not back, not more than a day ahead of the running machine, no long silence across a restart."""
        moved = now[0] - self.last[0]
        if moved < timedelta(seconds=-5):
            return False
        if now[1] == self.last[1]:
            ran = timedelta(microseconds=now[2] - self.last[2])
            return -timedelta(minutes=5) <= moved - ran <= timedelta(hours=24)
        return moved <= timedelta(days=self.policy["pause"])

    def heard(self, now, *, corrected=False):
        """Something was written at this reading; a clock nobody believes is not taken over."""
        if corrected:
            self.last = now
        elif self.clock_believable(now):
            self.last = (max(now[0], self.last[0]), now[1], now[2])

    def moment(self, now):
        """The time an event would bear: never before the last one's, never one nobody believes."""
        return max(now[0], self.last[0]) if self.clock_believable(now) else self.last[0]

    # --- who --------------------------------------------------------------------------------------------------------

    def holds(self, who, office, when):
        day = self.today(when)
        return any(
            p["who"] == who
            and p["office"] == office
            and p["known"] <= when
            and p["from"] <= day
            and (p["to"] is None or day <= p["to"])
            for p in self.posts
        )

    def offices_for(self, act):
        """Offices that may do an act, in alphabetical order."""
        if act in ("propose", "confirm"):
            return sorted(OFFICES)
        return sorted({self.office[step] for step in STEP[act].split()})

    def office_of(self, who, act, now):
        """The office in which somebody would do an act: the first they hold, or else one they do not hold."""
        offices = self.offices_for(act)
        held = [o for o in offices if self.holds(who, o, self.moment(now))]
        return (held or offices)[0]

    def key_good(self, key):
        return key in self.keys and self.keys[key]["alive"]

    # --- acts -------------------------------------------------------------------------------------------------------

    def statement(self, act, who, office, request, said):
        """What somebody would sign now: bound to the rules in force."""
        self.signed += 1
        said = dict(said)
        if act in ("consider", "approve") and "plan" not in said:
            r = self.requests.get(request)
            said["plan"] = r and r["plan"]
        return {
            "act": act,
            "who": who,
            "office": office,
            "request": request,
            "said": said,
            "policy": copy.deepcopy(self.policy),
            "nonce": self.signed,
        }

    def allows(self, st, proof, now):
        """Whether a statement with its proof may be recorded now."""
        when, act = self.moment(now), st["act"]
        if act in ("propose", "confirm") and self._kind(st) == "clock":
            when = now[0] if act == "confirm" else when
            if act == "confirm" and not timedelta(seconds=-5) <= now[0] - st["made"] <= timedelta(hours=24):
                return False  # another clock than the one that was confirmed
        elif not self.clock_believable(now):
            return False
        if act == "start":
            return False  # a run starts through the gate only
        if st["nonce"] in self.used_nonces or st["policy"] != self.policy:
            return False
        if st["office"] not in self.offices_for(act) or not self.holds(st["who"], st["office"], when):
            return False
        if not self._proven(st, proof, when):
            return False
        if act in ("propose", "confirm"):
            return self._court_rule_allows(st)
        return self._request_allows(st, proof, when)

    def _proven(self, st, proof, when):
        """proof: (kind, key that signed, person named as signer, recorder)."""
        kind, key, by, recorder = proof
        if not self.key_good(key) or self.keys[key]["owner"] != by:
            return False
        if kind == "signature":
            return by == st["who"]
        if kind == "attested":
            ok = st["act"] not in OWN_HAND and not self.policy["no_attesting"]
            return ok and self.holds(by, self.office["B1"], when)
        planner = self.requests.get(st["request"], {}).get("planner")
        return (
            st["act"] in ON_PAPER
            and self.policy["paper"]
            and any(self.holds(recorder, o, when) for o in OFFICES)
            and by not in (st["who"], recorder, planner)
            and any(self.holds(by, o, when) for o in OFFICES)
        )

    def _request_allows(self, st, proof, when):
        act, said = st["act"], st["said"]
        if act == "register":
            return st["request"] not in self.requests
        r = self.requests.get(st["request"])
        if r is None or r["state"] not in WAY[act][0].split():
            return False
        if act in ("triage", "grant") and r["technical"] is True:
            return False
        if act == "plan" and r["technical"] is False:
            return False
        if act in ("consider", "approve") and (r["plan"] is None or said["plan"] != r["plan"] or r["plan_fails"]):
            return False
        if act in ("approve", "grant") and not self._separate(r, st["who"], when):
            return False
        if act != "approve":
            return True
        first, end = said["from"], said["to"]
        lasts = end - when
        return (
            r["advised_plan"] == r["plan"]
            and said["hosts"] == r["plan"]["hosts"]
            and first < end
            and timedelta(0) < lasts <= timedelta(days=self.policy["days"])
        )

    def _separate(self, r, who, when):
        """Asker, adviser, planner and approver are four persons; the first two may be waived for a time."""
        if r["asker"] == who and not self._waived("asker", when):
            return False
        if r["adviser"] == who and not self._waived("adviser", when):
            return False
        return r["planner"] != who

    def _waived(self, which, when):
        last = self.policy["waived"].get(which)
        return last is not None and self.today(when) <= last

    def record(self, st, proof, now):
        """Take over what an allowed statement does."""
        self.used_nonces.add(st["nonce"])
        act, said, when = st["act"], st["said"], self.moment(now)
        if act in ("propose", "confirm"):
            corrected = act == "confirm" and self._kind(st) == "clock"
            if act == "confirm":
                self._court_rule_does(st["request"], when if not corrected else now[0])
            else:
                self.proposals[st["request"]] = {"by": st["who"], "done": False, **said}
            self.heard(now, corrected=corrected)
            return
        self.heard(now)
        if act == "register":
            asker = said["asker"] or st["who"]
            self.requests[st["request"]] = dict.fromkeys(("plan", "adviser", "advised_plan", "planner", "approval"))
            self.requests[st["request"]].update(state="registered", asker=asker, technical=None, plan_fails=False)
            return
        r = self.requests[st["request"]]
        r["state"] = WAY[act][1]
        if act == "classify":
            r["technical"] = said["technical"]
        elif act == "triage":
            r["technical"] = False
        elif act == "consider":
            r["adviser"], r["advised_plan"] = st["who"], said["plan"]
        elif act in ("withdraw", "revoke"):
            r["approval"] = None
        elif act == "approve":
            waived = {w for w, name in (("asker", r["asker"]), ("adviser", r["adviser"])) if name == st["who"]}
            r["approval"] = {
                "by": st["who"],
                "key": proof[1],
                "voucher": proof[2],
                "plan": said["plan"],
                "from": said["from"],
                "to": said["to"],
                "waived": waived,
                "used": False,
            }

    # --- the court's own rules --------------------------------------------------------------------------------------

    def _kind(self, st):
        return st["said"]["kind"] if st["act"] == "propose" else self.proposals.get(st["request"], {}).get("kind")

    def _court_rule_allows(self, st):
        if st["act"] == "propose":
            said = st["said"]
            return not (said["kind"] == "key" and said["key"] in self.keys)
        p = self.proposals.get(st["request"])
        if p is None or p["done"] or p["by"] == st["who"]:
            return False
        if p["kind"] == "key" and p["key"] in self.keys:
            return False
        return not (p["kind"] in ("key", "appoint") and p["who"] == st["who"])

    def _court_rule_does(self, ref, when):
        p = self.proposals[ref]
        p["done"] = True
        if p["kind"] == "key":
            self.keys[p["key"]] = {"owner": p["who"], "alive": True, "void": False}
        elif p["kind"] == "retire_key" and p["key"] in self.keys:
            self.keys[p["key"]]["alive"] = False
            self.keys[p["key"]]["void"] |= p["stolen"]
        elif p["kind"] == "appoint":
            post = {k: p[k] for k in ("who", "office", "from", "to")}
            self.posts.append({**post, "known": when, "order": ref})
        elif p["kind"] == "end":
            for post in self.posts:
                if post.get("order") == p["order"]:
                    post["to"] = min(p["to"], post["to"] or date.max)
        elif p["kind"] == "policy":
            self.policy = copy.deepcopy(p["policy"])
        elif p["kind"] == "step":
            self.office[p["step"]] = p["office"]

    # --- plan and run -----------------------------------------------------------------------------------------------

    def plan(self, request, who, key, plan, fails, now):
        """Judge a plan and take it over; gives whether it was allowed."""
        r = self.requests.get(request)
        st = self.statement("plan", who, self.office_of(who, "plan", now), request, {})
        if r is None or not self.allows(st, ("signature", key, who, None), now):
            return False
        if r["plan"] == plan and r["state"] in ("planned", "considered", "approved"):
            return True  # an equal plan keeps advice and approval
        self.record(st, ("signature", key, who, None), now)
        r.update(plan=plan, plan_fails=fails, planner=who, adviser=None, advised_plan=None, approval=None)
        return True

    def may_start(self, request, who, key, world, now):
        """The question all this is for: may this person run this request's plan now?

        Args:
            world: ``content``, ``hosts`` (name → state) and ``intact``, as they are now.
        """
        when = self.moment(now)
        r = self.requests.get(request)
        if r is None or r["state"] != "approved" or r["approval"] is None or not self.clock_believable(now):
            return False
        a, plan = r["approval"], r["plan"]
        return (
            self.key_good(key)
            and self.keys[key]["owner"] == who
            and self.holds(who, self.office["B9"], when)
            and a["by"] != who
            and a["voucher"] != who
            and not a["used"]
            and a["plan"] == plan
            and not r["plan_fails"]
            and a["from"] <= when < a["to"]
            and not self.keys[a["key"]]["void"]
            and all(self._waived(w, when) for w in a["waived"])
            and world["intact"]
            and plan["content"] == world["content"]
            and all(world["hosts"][h] == s for h, s in plan["states"].items())
        )

    def started(self, request):
        r = self.requests[request]
        r["approval"]["used"] = True
        r["state"] = "running"

    def ended(self, request, outcome):
        self.requests[request]["state"] = "done" if outcome == "done" else "partial"
