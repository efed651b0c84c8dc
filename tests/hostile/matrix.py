"""The tamper matrix, in one table: each attack, what each defence says of it, and why when nothing is found.

``docs/threats.md`` shows this table: ``python -m tests.hostile.matrix`` writes it there. Tests hold the page against
this table, and every cell of it against what the verifier really says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.hostile import attacks as a
from tests.hostile import forged_acts as acts
from tests.hostile import forged_rules as law
from tests.hostile import forged_runs as runs
from tests.hostile import told_falsely as told
from tests.hostile.attacks import Scene
from tests.hostile.copies import Copy

PAGE = Path(__file__).parents[2] / "docs" / "threats.md"
BEGIN = "<!-- The matrix: made by python -m tests.hostile.matrix; edit the table there, not here. -->\n"
END = "<!-- End of the matrix. -->\n"

DEFENCES = {
    "alone": "Bundle alone",
    "keys": "Own trust file",
    "paper": "+ recap on paper",
    "witness": "+ witness",
    "newest": "+ newest checkpoint",
}
CELLS = {"f": "found", "o": "not vouched", "n": "**no**"}

WHY = {
    "anew": ("nobody outside vouches for a bundle by itself", "No trust file"),
    "unseen": ("nobody outside had seen these events", "Nobody outside has seen events"),
    "end": ("a log can't show that it was once longer", "could have been cut off"),
    "smaller": ("the checkpoints that are left say more", "could have been cut off"),
    "people": ("two officials can agree to anything", "No trust file"),
    "hand": ("a signature shows the key", "not whose hand"),
    "runs": ("the machine says what a run did", "only the hosts themselves can confirm"),
    "omitted": ("no log holds what was not written", "never written"),
    "clock": ("a clock is a claim", "only somebody else's date bounds them"),
}
"""Reason → how the page says it, and a part of what the run itself says it could not have found."""

Place = Callable[[Scene, Copy], tuple[int, int]]


@dataclass(frozen=True)
class Row:
    """One attack.

    Attributes:
        words: As the page says it.
        attack: From the scene to a copy of the log.
        cells: One letter a defence, in order: f found, o nothing wrong but not vouched for, n not found.
        first: Gives the least and greatest first bad event that a finder may name; None where there is none to name.
        why: Keys of ``WHY``, when a letter is n.
    """

    words: str
    attack: Callable[[Scene], Copy]
    cells: str
    first: Place | None
    why: tuple[str, ...] = ()

    @property
    def verdicts(self):
        return dict(zip(DEFENCES, self.cells, strict=True))


def exactly(place) -> Place:
    return lambda scene, made: (place(scene), place(scene))


def until(place) -> Place:
    """What was made anew can be narrowed down only to what somebody confirmed before."""
    return lambda scene, made: (0, place(scene))


def between(place) -> Place:
    """A place is gone, or holds something else: the event before it no longer leads to the next."""
    return lambda scene, made: (place(scene) - 1, place(scene))


def last(scene, made):
    return (len(made.bodies) - 1, len(made.bodies) - 1)


def added(scene, made):
    return (len(scene.copy.bodies), len(made.bodies) - 1)


def anywhere(scene, made):
    return (0, len(scene.copy.bodies))


E, L = a.early, a.late
UNSEEN = ("anew", "unseen")

BY_HAND = {
    "edit": Row("A record edited", a.by_hand(a.edited, E), "fffff", exactly(E)),
    "edit-end": Row("A record near the end edited", a.by_hand(a.edited, L), "fffff", exactly(L)),
    "delete": Row("A record deleted", a.by_hand(a.deleted, E), "fffff", between(E)),
    "swap": Row("Two records swapped", a.by_hand(a.swapped, E), "fffff", between(E)),
    "insert": Row("A record inserted", a.by_hand(a.inserted, E), "fffff", between(E)),
    "redate": Row("A record dated otherwise", a.by_hand(a.redated, E), "fffff", exactly(E)),
}

WITHOUT_KEY = {
    "k-edit": Row("Edited, acts signed after it", a.anew(a.edited, E, key=False), "fffff", until(E)),
    "k-delete": Row("Deleted, acts signed after it", a.anew(a.deleted, E, key=False), "fffff", until(E)),
    "k-swap": Row("Swapped, acts signed after it", a.anew(a.swapped, E, key=False), "fffff", until(E)),
    "k-insert": Row(
        "Inserted and back-dated, acts signed after it", a.anew(a.inserted, E, key=False), "fffff", until(E)
    ),
    "k-edit-end": Row("Edited, nobody signed after it", a.anew(a.edited, L, key=False), "nooof", until(L), ("anew",)),
    "k-delete-end": Row(
        "Deleted, nobody signed after it", a.anew(a.deleted, L, key=False), "nooof", until(L), ("anew",)
    ),
    "k-cut": Row("The end cut off between two checkpoints", a.cut(L), "nooof", until(L), ("anew", "end")),
    "k-invented": Row("A new history of invented people", a.invented(stolen=False), "nffff", anywhere, ("anew",)),
    "k-foreign": Row("The log of another court", a.foreign, "nffff", anywhere, ("anew",)),
}

WITH_KEY = {
    "edit-key": Row("Edited, acts signed after it", a.anew(a.edited, E, key=True), "fffff", until(E)),
    "delete-key": Row("Deleted, acts signed after it", a.anew(a.deleted, E, key=True), "fffff", until(E)),
    "swap-key": Row("Swapped, acts signed after it", a.anew(a.swapped, E, key=True), "fffff", until(E)),
    "insert-key": Row(
        "Inserted and back-dated, acts signed after it", a.anew(a.inserted, E, key=True), "fffff", until(E)
    ),
    "refusal-key": Row("A refusal dropped, acts signed after it", a.refusal_dropped(0), "fffff", anywhere),
    "edit-end-key": Row("Edited, nobody signed after it", a.anew(a.edited, L, key=True), "nnnnf", until(L), UNSEEN),
    "delete-end-key": Row("Deleted, nobody signed after it", a.anew(a.deleted, L, key=True), "nnnnf", until(L), UNSEEN),
    "insert-end-key": Row(
        "Inserted, nobody signed after it", a.anew(a.inserted, L, key=True), "nnnnf", until(L), UNSEEN
    ),
    "redate-end-key": Row(
        "Dated otherwise, nobody signed after it", a.anew(a.redated, L, key=True), "nnnnf", until(L), UNSEEN
    ),
    "refusal-end-key": Row(
        "A refusal dropped, nobody signed after it", a.refusal_dropped(-1), "nnnnf", anywhere, UNSEEN
    ),
    "invented": Row("A new history of invented people", a.invented(stolen=True), "nofof", anywhere, ("anew",)),
    "invented-ids": Row(
        "The same under the real people's ids", a.invented(stolen=True, same_ids=True), "nffff", anywhere, ("anew",)
    ),
}


def _newest(scene):
    """The largest checkpoint but two: a backup of yesterday, say."""
    return sorted(scene.copy.notes)[-3]


def _witnessed(scene):
    return scene.house.witnessed[-1]


def _before_paper(scene):
    return max(size for size in scene.copy.notes if size < scene.house.paper.size)


def _before_all(scene):
    return max(size for size in scene.copy.notes if size < scene.house.witnessed[0])


OLD = {
    "old": Row("An old backup, exactly at a checkpoint", a.cut(_newest), "nnnnf", anywhere, ("anew", "unseen", "end")),
    "old-witnessed": Row(
        "An old backup, exactly where the witness saw it", a.cut(_witnessed), "nnnnf", anywhere, ("anew", "end")
    ),
    "old-paper": Row("An old backup from before the recap", a.cut(_before_paper), "nnfnf", anywhere, UNSEEN),
    "old-all": Row("An old backup from before the first witness", a.cut(_before_all), "nnfof", anywhere, UNSEEN),
    "cut-key": Row("The end cut off and signed anew", a.cut(L, key=True), "nnnnf", anywhere, UNSEEN),
    "carried-on": Row(
        "A backup from after the witness, then carried on", a.carried_on("late"), "nnnnf", anywhere, UNSEEN
    ),
    "carried-on-early": Row(
        "A backup from before the recap, then carried on", a.carried_on("early"), "nnfnf", anywhere, UNSEEN
    ),
}
OLD["fork"] = Row(
    "A fork: each reader is shown another history; *newest* is the other reader's",
    a.carried_on("late"),
    "nnnnf",
    anywhere,
    UNSEEN,
)


def _paper(scene):
    return scene.house.paper.size


def _seen_first(scene):
    return scene.house.witnessed[0]


def _returned(scene):
    return scene.seq("request.returned")


BESIDE = {
    "note": Row("A checkpoint changed", a.with_note(a.note_forged, _paper), "fffff", None),
    "note-gone": Row(
        "A checkpoint removed, a larger one left", a.with_note(a.note_removed, _paper), "nnnnn", None, ("smaller",)
    ),
    "note-seen-gone": Row("A witnessed checkpoint removed", a.with_note(a.note_removed, _seen_first), "fffff", None),
    "line-gone": Row("A cosignature removed", a.with_note(a.cosignature_removed, _seen_first), "fffff", None),
    "line-told": Row("A cosignature told of that never was", told.own_cosignature, "fffff", None),
    "text": Row("A text changed", a.text_changed, "fffff", exactly(_returned)),
    "text-gone": Row("A text removed", a.text_removed, "fffff", exactly(_returned)),
    "text-erased": Row("A text erased without two officials", told.text_erased_alone, "fffff", last),
}

FORGED = {
    "stranger": Row("Approval signed by a stranger's key", acts.approval_signed_by("stranger"), "fffff", last),
    "operator": Row("Approval signed by the operator's key", acts.approval_signed_by("op", "op"), "fffff", last),
    "named": Row("The same, naming the official's key", acts.approval_signed_by("op"), "fffff", last),
    "attested": Row("Approval only attested", acts.approval_attested, "fffff", last),
    "longer": Row("Approval made to last longer", acts.approval_edited, "fffff", last),
    "replayed": Row("Approval used before, written again", acts.approval_replayed, "fffff", last),
    "moved": Row("Approval of one request put under another", acts.approval_of_another_request, "fffff", last),
    "act-moved": Row("Unused statement put under another request", acts.act_put_under_another_request, "fffff", last),
    "hung": Row("An unsigned act hung on a signed list", acts.act_hung_on_a_list, "fffff", last),
    "actor": Row("Another actor", acts.approval_by_another(acts.another_person), "fffff", last),
    "capacity": Row("Another capacity", acts.approval_by_another(acts.another_capacity), "fffff", last),
    "credential": Row("Another credential", acts.approval_by_another(acts.another_credential), "fffff", last),
    "doubled": Row("A second text under a signed one's name", acts.text_doubled, "fffff", last),
    "claim": Row("An approval taken by an act that is no start", acts.claim_added, "fffff", last),
    "unapproved": Row("Run without approval", runs.started_without_approval, "fffff", last),
    "twice": Row("Second run on one approval", runs.started_twice, "fffff", last),
    "hosts": Row("Run on other hosts", runs.started_on_other_hosts, "fffff", last),
    "self": Row("Run by who approved it", runs.started_by_the_approver, "fffff", last),
    "no-decree": Row("Emergency declared without a decree", runs.emergency_without_decree, "fffff", last),
    "decree-over": Row("Emergency run after its decree was ended", runs.emergency_after_the_decree, "fffff", last),
    "decree-stale": Row("Emergency run by a plan grown stale", runs.emergency_with_a_stale_plan, "fffff", last),
    "decree-self": Row("Emergency ratified by who acted", runs.emergency_answered_by_who_acted, "fffff", last),
    "end-differs": Row("Run called done although a host failed", runs.end_contradicts_itself, "fffff", last),
    "end-hosts": Row("Run ended on hosts it never had", runs.end_of_other_hosts, "fffff", last),
    "end-broken": Row("Run ended in words no run has", runs.end_without_hosts, "fffff", last),
    "key-root": Row("Key enrolled by the administrator alone", law.key_enrolled_alone, "fffff", added),
    "key-one": Row("Key proposed and confirmed by one person", law.key_enrolled_by_one, "fffff", added),
    "key-two": Row(
        "False key enrolled by two officials together", law.key_enrolled_by_two, "nffff", added, ("people",)
    ),
    "copy-one": Row("A copy gone on with by one person", partial(law.gone_on_alone, by="kabag"), "fffff", last),
    "copy-rule": Row(
        "A copy gone on with, called another rule",
        partial(law.gone_on_alone, type_="governance.confirmed"),
        "fffff",
        last,
    ),
    "copy-end": Row("A copy said to end elsewhere", partial(law.gone_on_alone, cut=3), "fffff", added),
    "appointed": Row("Act first, appointment back-dated after", law.appointed_backwards, "fffff", None),
    "clock-rule": Row("Another rule recorded as a clock correction", law.rule_called_a_clock_correction, "fffff", last),
    "clock-back": Row("Clock set back, not corrected", law.clock_set_back, "fffff", last),
}

AS_IT_HAPPENS = {
    "stolen": Row("Approval with the official's own stolen key", told.key_stolen, "nnnnn", None, ("hand",)),
    "lie": Row("False result of a run", runs.end_is_a_lie, "nnnnn", None, ("runs",)),
    "omitted": Row("Something never written down", told.never_written, "nnnnn", None, ("omitted",)),
    "clock-lie": Row("Clock wrong by minutes", told.clock_a_little_wrong, "nnnnn", None, ("clock",)),
}

SECTIONS = {
    "Changed by hand, nothing made anew": BY_HAND,
    "Everything after it made anew, without the log's key (checkpoints that no longer fit left out)": WITHOUT_KEY,
    "The same with the log's key, or when sopti on that machine signs on afterwards": WITH_KEY,
    "An old history": OLD,
    "Checkpoints and texts": BESIDE,
    "False events, written past the gate by whoever holds the log's key": FORGED,
    "Lies told as it happens": AS_IT_HAPPENS,
}


def rows():
    """Give every attack by its id."""
    return {ident: row for section in SECTIONS.values() for ident, row in section.items()}


def rendered():
    """Give the matrix as the page shows it."""
    lines = []
    for title, section in SECTIONS.items():
        lines += [f"\n### {title}", f"| Attack | {' | '.join(DEFENCES.values())} | Why not found |", "|---" * 7 + "|"]
        for row in section.values():
            why = "; ".join(WHY[key][0] for key in row.why)
            lines.append(f"| {row.words} | {' | '.join(CELLS[c] for c in row.cells)} | {why} |")
    return "\n".join(lines) + "\n"


def page_with_matrix(text):
    """Give the page's text with the matrix made anew between its marks."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + rendered() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page_with_matrix(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
