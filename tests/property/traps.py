"""Traps: short histories that lead to the edge of one rule, laid into the random sequences.

The rule this module keeps: a trap only makes moves likely that chance alone would seldom put in a row; whether any of
them is allowed is for the model and the services to say, and other moves may come in between.

Each trap is given a random source and the number of a request that was advised on, and gives its moves in order.
``LAST`` stands for the proposal or drawer entry made last when the move's turn comes.
"""

HOUR, DAY = 3600, 86400
LAST = "last"


def act(name, who, at, how="own", later=False, **says):
    return ("act", name, who, at, how, tuple(says.items()), later)


def rule(kind, who_proposes, confirmer, /, **says):
    """Propose a rule of the court, and confirm it."""
    return [("propose", kind, who_proposes, tuple(says.items())), ("confirm", confirmer, LAST)]


def policy(confirmer="sec", **says):
    says = {"paper": True, "no_attesting": False, "asker": None, "adviser": None, "days": 14, **says}
    return rule("policy", "kabag", confirmer, **says)


def expiry(r, at):
    hours = r.choice([1, 24, 72])
    wait = hours * HOUR + r.choice([-2, 0, 1, HOUR])
    return [act("approve", "sec", at, to=hours), ("wait", wait), ("apply", "op1", at)]


def beginning(r, at):
    return [
        act("approve", "sec", at, **{"from": 3, "to": 72}),
        ("wait", r.choice([0, 3, 4]) * HOUR),
        ("apply", "op1", at),
    ]


def validity(r, at):
    return [act("approve", "sec", at, to=r.choice([0, -1, 14 * 24, 14 * 24 + 1]))]


def executor(r, at):
    """One person in two offices, from the start or appointed for it, approves and would carry out."""
    who = r.choice(["dual", "sec"])
    lent = rule("appoint", "kabag", "head", who=who, office="operator", status="plh", first=0, last=3)
    return [*(lent if who == "sec" else []), act("approve", who, at), ("apply", who, at), ("apply", "op1", at)]


def planner(r, at):
    return [("edit", 1, False), ("plan", "dual", at), act("consider", "kabag", at), act("approve", "dual", at)]


def paper(r, at):
    second = r.choice(["op2", "op2", "kabag", "op1", "sec", "spare"])
    recorder = r.choice(["op1", "op1", "op2", "spare", "kabag"])
    changed = policy(paper=False) if r.random() < 0.3 else []
    return [
        *changed,
        act("approve", "sec", at, ("paper", second, recorder)),
        ("apply", "op2", at),
        ("apply", "op1", at),
    ]


def attested(r, at):
    by = r.choice(["op1", "dual", "kabag", "spare"])
    changed = policy(no_attesting=True) if r.random() < 0.3 else []
    again = [("edit", 1, False), ("plan", "op1", at)]
    return [
        *changed,
        *again,
        act("consider", "kabag", at, ("attested", by)),
        act("approve", "sec", at, ("attested", by)),
    ]


def signer(r, at):
    key = r.choice(["stranger", "kabag", "sec-2", "sec"])
    how = r.choice([("key", key), ("signed_by", r.choice(["kabag", "dual", "op1"])), "edited"])
    return [act("approve", "sec", at, how), ("apply", "op1", at, "done", r.choice([None, "stranger", "op2"]))]


def other_plan(r, at):
    hosts = r.choice([(), ("web1",), ("web2",)])
    return [act("approve", "sec", at, plan=r.choice(["other", "own"]), hosts=hosts), ("apply", "op1", at)]


def failed_plan(r, at):
    return [("edit", 1, True), ("plan", "op1", at), act("consider", "kabag", at), act("approve", "sec", at)]


def inputs(r, at):
    change = r.choice([("edit", 1, False), ("tamper", at, False), ("drift", r.choice(["web1", "web2"]), 1)])
    back = r.choice([[], [("edit", 0, False), ("tamper", at, True), ("drift", "web1", 0), ("drift", "web2", 0)]])
    return [act("approve", "sec", at), change, ("apply", "op1", at), *back, ("apply", "op1", at)]


def replan(r, at):
    """The approval of yesterday's plan is put forward for today's."""
    fresh = [("edit", 1, False), ("plan", "op1", at)]
    back = [("edit", 0, False), ("plan", "op1", at)] if r.random() < 0.5 else []
    return [
        act("approve", "sec", at),
        *fresh,
        ("apply", "op1", at),
        *back,
        act("consider", "kabag", at),
        ("apply", "op1", at),
    ]


def replay(r, at):
    undo = r.choice([[act("revoke", "sec", at), act("consider", "kabag", at)], [("apply", "op1", at)]])
    return [
        act("approve", "sec", at),
        *undo,
        ("again", -2 if len(undo) == 2 else LAST),
        ("again", -3),
        ("apply", "op1", at),
    ]


def used_up(r, at):
    ends = r.choice(["done", "partial", "failed", "killed"])
    return [act("approve", "sec", at), ("apply", "op1", at, ends), ("apply", "op2", at), ("apply", "op1", at)]


def by_hand(r, at):
    return [
        act("approve", "sec", at),
        ("start_by_hand", r.choice(["op1", "op2", "dual", "sec"]), at),
        ("apply", "op1", at),
    ]


def withheld(r, at):
    """Signed today, recorded after the rules changed."""
    changed = r.choice([policy(days=30), rule("end", "kabag", "head", order=0, last=-1), [("wait", 4 * DAY)]])
    return [act("approve", "sec", at, later=True), *changed, ("again", -3), ("again", LAST), ("apply", "op1", at)]


def stolen_key(r, at):
    name = r.choice(["sec", "sec", "op1", "kabag"])
    thefts = [
        rule("retire_key", "kabag", "head", key=name, stolen=s) for s in r.choice([(True,), (False,), (True, False)])
    ]
    return [
        act("approve", "sec", at),
        *(m for theft in thefts for m in theft),
        ("apply", "op1", at),
        ("apply", "op2", at),
    ]


def new_key(r, at):
    owners = r.choice([("sec",), ("op2", "sec"), ("sec", "op2")])
    both = [("propose", "key", "kabag", (("who", who), ("key", "sec-2"))) for who in owners]
    confirmed = [("confirm", "head", n) for n in range(-len(both), 0)]
    return [
        *both,
        *confirmed,
        act("approve", "sec", at, ("key", "sec-2")),
        ("apply", "op1", at),
        ("apply", "op2", at, "done", "sec-2"),
    ]


def waiver(r, at):
    """Asker or adviser approves under a waiver that may end before the run."""
    which = r.choice(["asker", "asker alone", "adviser", "adviser alone"])
    lent = rule("appoint", "kabag", "sec", who="head", office="secretary", status="plt", first=0, last=None)
    who = "head" if which.startswith("asker") else "both"
    adviser = "kabag" if who == "head" else "both"
    again = [("edit", 1, False), ("plan", "op1", at), act("consider", adviser, at)]
    return [
        *policy(asker=1 if which == "asker" else None, adviser=1 if which == "adviser" else None),
        *(lent if who == "head" else []),
        *again,
        act("approve", who, at, to=200),
        ("wait", r.choice([0, DAY, 2 * DAY])),
        ("apply", "op1", at),
    ]


def appointed(r, at):
    """An acting secretary, before, in and after the days of the order."""
    first, last = r.choice([-30, 0, 1]), r.choice([0, 2, None])
    order = rule("appoint", "kabag", "head", who="spare", office="secretary", status="plh", first=first, last=last)
    ended = rule("end", "kabag", "head", order=LAST, last=0) if r.random() < 0.4 else []
    return [
        act("approve", "spare", at, later=True, office="secretary"),
        *order,
        *ended,
        ("wait", r.choice([0, 1, 2, 3]) * DAY),
        act("approve", "spare", at, office="secretary"),
        ("apply", "op1", at),
    ]


def acting_operator(r, at):
    first, last = r.choice([0, 1]), r.choice([0, 2])
    order = rule("appoint", "sec", "kabag", who="spare", office="operator", status="plt", first=first, last=last)
    return [act("approve", "sec", at, to=300), *order, ("wait", r.choice([0, 1, 2, 3]) * DAY), ("apply", "spare", at)]


def own_rules(r, at):
    """Who proposes confirms, or confirms what favours them, or slips a second proposal under one signature."""
    kind = (
        "appoint",
        "kabag",
        (("who", "head"), ("office", "secretary"), ("status", "plh"), ("first", 0), ("last", 3)),
    )
    other = ("propose", "policy", "sec", policy()[0][3])
    return r.choice(
        [
            [("propose", *kind), ("confirm", "head", LAST), ("confirm", "kabag", LAST)],
            [("propose", *kind), other, ("confirm", "kabag", -1, -2), act("approve", "head", at, office="secretary")],
            [("propose", *kind), other, ("confirm", "head", -1, -2), act("approve", "head", at, office="secretary")],
            [("propose", *kind), ("confirm", "sec", LAST), ("confirm", "dual", LAST), ("confirm", "sec", LAST)],
            [("propose", *kind, "own", True), ("confirm", "sec", LAST)],
        ]
    )


def office_moved(r, at):
    return [
        *rule("step", "kabag", "head", step="B8", office="chair"),
        act("approve", "sec", at, office="secretary"),
        act("approve", "sec", at, office="chair"),
    ]


def clock(r, at):
    """A refused clock stays refused, however often it is asked."""
    turn = r.choice([("set_clock", -HOUR), ("set_clock", 2 * DAY), ("set_clock", 30 * DAY), ("reboot", 20 * DAY)])
    mend = r.choice([[("mend_clock",)], [*rule("clock", "kabag", "sec")]])
    return [
        act("approve", "sec", at, to=14 * 24),
        turn,
        ("apply", "op1", at),
        ("apply", "op1", at),
        *mend,
        ("apply", "op1", at),
    ]


def frozen_clock(r, at):
    """Time passes, and the clock is set back to just after the last event."""
    days = r.choice([1, 4])
    back = -days * DAY + r.choice([-3, 0, 60])
    return [
        act("approve", "sec", at, to=72),
        ("wait", days * DAY),
        ("set_clock", back),
        ("apply", "op1", at),
        ("apply", "op1", at),
    ]


def round_again(r, at):
    """Returned and resubmitted, a request comes to the same plan again."""
    way = [("dispose", "sec"), ("examine", "head"), ("classify", "op1"), ("verify", "head"), ("prioritise", "head")]
    walk = [act(name, who, at) for name, who in way]
    end = [("plan", "op1", at), act("consider", "kabag", at), act("approve", "sec", at), ("apply", "op1", at)]
    return [act("return", "head", at), act("resubmit", "op1", at), *walk, *end]


def no_plan(r, at):
    """A request without a technical change, and one that only says so."""
    grant = act("grant", "sec", at)
    again = [act("return", "head", at), act("resubmit", "op1", at), act("triage", "op1", at), grant]
    way = [("dispose", "sec"), ("examine", "head")]
    told = [*(act(name, who, at) for name, who in way), act("classify", "op1", at, technical=r.random() < 0.5)]
    rest = [act("verify", "head", at), act("prioritise", "head", at), grant, ("plan", "op1", at)]
    return r.choice([again, [*again[:2], *told, *rest]])


def emergency(r, at):
    """An emergency by a decree: too late, by somebody else, on another host, twice; answered for by whoever acted."""
    offices = r.choice([("operator",), ("operator",), ("section_head",)])
    hosts = r.choice([(), (), ("web1",)])
    says = {"offices": offices, "covers": r.random() < 0.8, "hosts": hosts, "hours": r.choice([1, 24])}
    confirmer = r.choice(["sec", "sec", "dual"])
    decree = rule("decree", "kabag", confirmer, **says, first=r.choice([0, 0, 0, 1, -2]), last=r.choice([0, 1, 9]))
    who = r.choice(["op1", "op1", "head", "dual"])
    ended = r.choice([[], [], rule("end_decree", "kabag", "sec")])
    waits = r.choice([[], [], [("wait", HOUR + r.choice([-1, 0, 1]))], [("wait", DAY)], [("wait", 2 * DAY)]])
    world = r.choice([[], [], [("drift", "web1", 1)], [("edit", 1, False)], [("edit", 1, True)]])
    run = [("plan", who, -1, r.choice([("web1", "web2"), ("web1",)])), *waits, *r.choice([[], ended]), *world]
    ends = r.choice(["done", "partial", "killed"])
    answer = act(r.choice(["ratify", "ratify", "refuse"]), r.choice(["sec", "sec", "dual", "head"]), -1)
    after = [("apply", who, -1), ("plan", "op1", -1), answer, ("plan", "op1", -1), ("apply", "op1", -1)]
    return [*decree, act("declare", who, None), *run, ("apply", who, -1, ends), *r.sample(after, 3), answer]


def decree(confirmer="sec", **says):
    says = {"offices": ("operator",), "covers": True, "hosts": (), "hours": 24, "first": 0, "last": 9, **says}
    return rule("decree", "kabag", confirmer, **says)


def decree_over(r, at):
    """Between plan and run the decree ends, or the plan grows stale."""
    over = r.choice([rule("end_decree", "kabag", "sec"), [("wait", HOUR + r.choice([-1, 1]))], [("wait", DAY)]])
    run = [act("declare", "op1", None), ("plan", "op1", -1)]
    return [*decree(hours=1, last=r.choice([0, 9])), *run, *over, ("apply", "op1", -1)]


def own_decree(r, at):
    """Who confirmed a decree would act by it."""
    who = r.choice(["dual", "op1"])
    return [
        *decree("dual"),
        act("declare", who, None),
        ("plan", "op1", -1),
        ("apply", "dual", -1),
        ("apply", "op1", -1),
    ]


def own_answer(r, at):
    """Who declared, planned or ran an emergency would answer for it, on paper vouch for the answer."""
    declared, planned, ran = r.choice([("dual", "op1", "op1"), ("op1", "dual", "op1"), ("op1", "op1", "dual")])
    run = [act("declare", declared, None), ("plan", planned, -1), ("apply", ran, -1)]
    answer = r.choice(["ratify", "refuse"])
    paper = ("paper", r.choice(["op1", "op2", "dual"]), "op2")
    return [*decree(), *run, act(answer, "dual", -1), act(answer, "sec", -1, paper), act(answer, "sec", -1)]


TRAPS = (
    emergency,
    decree_over,
    own_decree,
    own_answer,
    expiry,
    beginning,
    validity,
    executor,
    planner,
    paper,
    attested,
    signer,
    other_plan,
    failed_plan,
    inputs,
    replan,
    replay,
    used_up,
    by_hand,
    withheld,
    stolen_key,
    new_key,
    waiver,
    appointed,
    acting_operator,
    own_rules,
    office_moved,
    clock,
    frozen_clock,
    round_again,
    no_plan,
)
