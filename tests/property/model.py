"""A second opinion, as plain as possible: what the SOP and the court's rules allow, in dictionaries.

The rule this module keeps: it imports nothing of sopti and shares no table with it. It was written from the SOP's rows
B1-B9 and the rules of approval (``sop_tables``), not from the code, and it says yes or no to every act. It knows people
by name, plans by what they were made from, and time by the clock shown to it.

Where it is simpler than the real thing: it gives no reasons, and statements are tuples that nobody can forge except by
saying so.
"""

import copy
from datetime import date, timedelta

from tests.property.sop_tables import OFFICE, OFFICES, ON_PAPER, OWN_HAND, POLICY, STEP, leads


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
        self.decrees = {}
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

    def offices_for(self, act, decree=None):
        """Offices that may do an act, in alphabetical order; those of the decree it rests on."""
        if act in ("propose", "confirm"):
            return sorted(OFFICES)
        if act in ("declare", "plan", "start") and decree in self.decrees:
            return sorted(self.decrees[decree]["offices"])
        return sorted({self.office[step] for step in STEP[act].split()})

    def office_of(self, who, act, now, decree=None):
        """The office in which somebody would do an act: the first they hold, or else one they do not hold."""
        offices = self.offices_for(act, decree)
        held = [o for o in offices if self.holds(who, o, self.moment(now))]
        return (held or offices)[0]

    def key_good(self, key):
        return key in self.keys and self.keys[key]["alive"]

    def decree_of(self, request):
        """The decree by which a request may be planned and run once without an approval."""
        r = self.requests.get(request)
        return r["decree"] if r and not r["ran"] else None

    def in_force(self, decree, when):
        d = self.decrees.get(decree)
        return d is not None and not d["ended"] and d["first"] <= self.today(when) <= d["last"]

    def covers(self, decree, who, hosts):
        """Whether a decree allows this person the one playbook of these tests on these hosts."""
        d = self.decrees[decree]
        return d["covers"] and d["by"] != who and (not d["hosts"] or set(hosts) <= set(d["hosts"]))

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
        decree = st["said"]["decree"] if act == "declare" else self.decree_of(st["request"])
        if st["office"] not in self.offices_for(act, decree) or not self.holds(st["who"], st["office"], when):
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
        r = self.requests.get(st["request"], {})
        planner, acted = r.get("planner"), r.get("acted", set())
        return (
            st["act"] in ON_PAPER
            and self.policy["paper"]
            and any(self.holds(recorder, o, when) for o in OFFICES)
            and by not in (st["who"], recorder, planner, *acted)
            and any(self.holds(by, o, when) for o in OFFICES)
        )

    def _request_allows(self, st, proof, when):
        act, said = st["act"], st["said"]
        if act == "register":
            return st["request"] not in self.requests
        if act == "declare":
            return st["request"] not in self.requests and self.in_force(said["decree"], when)
        r = self.requests.get(st["request"])
        if r is None or leads(r["state"], act) is None:
            return False
        if act in ("ratify", "refuse"):
            return st["who"] not in r["acted"] and st["who"] != r["planner"]
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
                self._court_rule_does(st["request"], when if not corrected else now[0], st["who"])
            else:
                self.proposals[st["request"]] = {"by": st["who"], "done": False, "after": self.signed, **said}
            self.heard(now, corrected=corrected)
            return
        self.heard(now)
        if act in ("register", "declare"):
            asker = said.get("asker") or st["who"]
            made = dict.fromkeys(("plan", "adviser", "advised_plan", "planner", "approval", "decree"))
            made.update(state="registered", asker=asker, technical=None, plan_fails=False, ran=False, waits=False)
            made["acted"] = set()
            if act == "declare":
                made.update(state="declared", technical=True, decree=said["decree"], acted={st["who"]})
            self.requests[st["request"]] = made
            return
        r = self.requests[st["request"]]
        r["state"] = leads(r["state"], act)
        if act == "classify":
            r["technical"] = said["technical"]
        elif act == "triage":
            r["technical"] = False
        elif act == "consider":
            r["adviser"], r["advised_plan"] = st["who"], said["plan"]
        elif act in ("ratify", "refuse"):
            r["waits"] = False
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
            if said["kind"] == "end_decree":
                return said["decree"] in self.decrees
            return not (said["kind"] == "key" and said["key"] in self.keys)
        p = self.proposals.get(st["request"])
        if p is None or p["done"] or p["by"] == st["who"] or st["nonce"] <= p["after"]:
            return False  # signed before the proposal was recorded: nobody had seen it
        if p["kind"] == "end_decree" and p["decree"] not in self.decrees:
            return False
        if p["kind"] == "key" and p["key"] in self.keys:
            return False
        return not (p["kind"] in ("key", "appoint") and p["who"] == st["who"])

    def _court_rule_does(self, ref, when, who):
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
        elif p["kind"] == "decree":
            self.decrees[ref] = {**p, "by": who, "ended": False}
        elif p["kind"] == "end_decree":
            self.decrees[p["decree"]]["ended"] = True
        elif p["kind"] == "step":
            self.office[p["step"]] = p["office"]

    # --- plan and run -----------------------------------------------------------------------------------------------

    def plan(self, request, who, key, plan, fails, now):
        """Judge a plan and take it over; gives whether it was allowed."""
        r = self.requests.get(request)
        decree = self.decree_of(request)
        st = self.statement("plan", who, self.office_of(who, "plan", now, decree), request, {})
        if decree and not (self.in_force(decree, self.moment(now)) and self.covers(decree, who, plan["hosts"])):
            return False
        if r is None or not self.allows(st, ("signature", key, who, None), now):
            return False
        if r["plan"] == plan and r["state"] in ("planned", "considered", "approved"):
            return True  # an equal plan keeps advice and approval
        self.record(st, ("signature", key, who, None), now)
        r.update(plan=plan, plan_fails=fails, planner=who, adviser=None, advised_plan=None, approval=None)
        r["planned"] = self.moment(now)
        return True

    def may_start(self, request, who, key, world, now):
        """The question all this is for: may this person run this request's plan now?

        Args:
            world: ``content``, ``hosts`` (name → state) and ``intact``, as they are now.
        """
        when = self.moment(now)
        r = self.requests.get(request)
        if r is None or not self.clock_believable(now):
            return False
        if not (self.key_good(key) and self.keys[key]["owner"] == who):
            return False
        if self.decree_of(request):
            return self._may_start_by_decree(r, who, world, when)
        if r["state"] != "approved" or r["approval"] is None:
            return False
        a, plan = r["approval"], r["plan"]
        return (
            self.holds(who, self.office["B9"], when)
            and a["by"] != who
            and a["voucher"] != who
            and not a["used"]
            and a["plan"] == plan
            and not r["plan_fails"]
            and a["from"] <= when < a["to"]
            and not self.keys[a["key"]]["void"]
            and all(self._waived(w, when) for w in a["waived"])
            and self._as_planned(plan, world)
        )

    def _as_planned(self, plan, world):
        return (
            world["intact"]
            and plan["content"] == world["content"]
            and all(world["hosts"][h] == s for h, s in plan["states"].items())
        )

    def _may_start_by_decree(self, r, who, world, when):
        """Once, by the decree as it is now: its period, its hosts, its offices, a fresh plan."""
        d = self.decrees[r["decree"]]
        return (
            r["state"] == "readied"
            and self.in_force(r["decree"], when)
            and any(self.holds(who, office, when) for office in d["offices"])
            and self.covers(r["decree"], who, r["plan"]["hosts"])
            and when - r["planned"] <= timedelta(hours=d["hours"])
            and not r["plan_fails"]
            and self._as_planned(r["plan"], world)
        )

    def started(self, request, who):
        r = self.requests[request]
        if self.decree_of(request):
            r.update(ran=True, waits=True, acted=r["acted"] | {who})
        else:
            r["approval"]["used"] = True
        r["state"] = "running"

    def ended(self, request, outcome):
        r = self.requests[request]
        good, bad = ("unratified", "unratified_part") if r["waits"] else ("done", "partial")
        r["state"] = good if outcome == "done" else bad
