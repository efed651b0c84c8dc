"""What the SOP and the rules of approval allow, in tables: written from their rows, not from the code."""

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
    "declare": "B9",  # or whom the decree names
    "ratify": "B8",
    "refuse": "B8",
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
OWN_HAND = {
    "approve",
    "grant",
    "revoke",
    "propose",
    "confirm",
    "declare",
    "ratify",
    "refuse",
}  # acts no operator may attest for somebody
ON_PAPER = {"approve", "grant", "reject", "ratify", "refuse"}
POLICY = {"paper": True, "no_attesting": False, "waived": {}, "days": 14, "pause": 14}


def leads(state, act):
    """The state an act leads to from another, or None when it can't follow."""
    befores, after = WAY.get(act, ("", None))
    return EMERGENCY_WAY.get((state, act)) or (after if state in befores.split() else None)
