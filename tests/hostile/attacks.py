"""Cheating with a history that is there: each attack is a function from the true court to what a reader is shown.

Two kinds of cheats: who edits the database by hand, and who also makes everything after it anew, with or without the
log's key. ``past_the_services`` and what builds on it have the third: who writes new, false events.
"""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.ledger.encoding import canonical
from sopti_runner.domain.ledger.event import blob_digest, parse
from tests.hostile.copies import Copy, chained
from tests.hostile.court import CourtHouse
from tests.unit.domain.signing import TestKey


@dataclass
class Scene:
    """What an attack has to work with.

    Attributes:
        house: The true court.
        copy: What it would hand out.
        folder: Where the attack may make files.
    """

    house: CourtHouse
    copy: Copy
    folder: object

    @property
    def key(self):
        return self.house.log_key

    def seq(self, type_, nth=0):
        """Give the place of the nth event of a type, counted from the end when negative."""
        return [e.seq for e in map(parse, self.copy.bodies) if e.type == type_][nth]


# --- by hand, or with everything after it made anew -------------------------------------------------------------------


def edited(scene, at):
    value = json.loads(scene.copy.bodies[at])
    value["data"]["kind"] = "failed"
    return [*scene.copy.bodies[:at], canonical(value), *scene.copy.bodies[at + 1 :]]


def deleted(scene, at):
    return [*scene.copy.bodies[:at], *scene.copy.bodies[at + 1 :]]


def swapped(scene, at):
    bodies = list(scene.copy.bodies)
    bodies[at], bodies[at + 1] = bodies[at + 1], bodies[at]
    return bodies


def inserted(scene, at):
    """A record that was never made, dated like its neighbour."""
    value = json.loads(scene.copy.bodies[at])
    value["id"] = uuid7(parse(scene.copy.bodies[at]).time, bytes(10))
    return [*scene.copy.bodies[:at], canonical(value), *scene.copy.bodies[at:]]


def redated(scene, at):
    """The time of a record moved by a second, so that no rule of the clock is broken."""
    value, time = json.loads(scene.copy.bodies[at]), parse(scene.copy.bodies[at]).time
    value["time"] = (time + timedelta(milliseconds=300)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return [*scene.copy.bodies[:at], canonical(value), *scene.copy.bodies[at + 1 :]]


def early(scene):
    """A record of the first run: many acts were signed after it."""
    return scene.seq("task.finished", 3)


def late(scene):
    """A record of the last run: nobody signed anything after it."""
    return scene.seq("task.finished", -3)


def by_hand(change, place):
    """The change alone: links, places and checkpoints stay as they were."""
    return lambda scene: scene.copy.with_bodies(change(scene, place(scene)))


def anew(change, place, *, key):
    """The change, and everything after it made anew; without the key the checkpoints that don't fit are left out."""

    def attack(scene):
        at = place(scene)
        made = scene.copy.with_bodies(chained(change(scene, at), at))
        return made.signed_by(scene.key) if key else made.fitting()

    return attack


def refusal_dropped(place):
    return anew(deleted, lambda scene: scene.seq("gate.refused", place), key=True)


# --- an end that is missing, another beginning ------------------------------------------------------------------------


def cut(size, *, key=False):
    """The log ends early; ``size`` is given the scene."""

    def attack(scene):
        copy = scene.copy.with_bodies(scene.copy.bodies[: size(scene)])
        if len(copy.bodies) <= scene.seq("blob.erased"):  # a backup has what was erased later
            copy = replace(copy, blobs=copy.blobs | {blob_digest(scene.house.erased): scene.house.erased})
        return copy.signed_by(scene.key) if key else copy.fitting()

    return attack


def carried_on(old):
    """A backup is put back, the share taken away, and the court goes on through the real services, which sign."""

    def attack(scene):
        twin = scene.house.twin(scene.folder, old)
        twin.clock.move(hours=2)
        for _ in range(30):
            twin.register()
        twin.books.checkpoint()
        return Copy.of(twin.store)

    return attack


def invented(*, stolen, same_ids=False):
    """Another court under the same name: other people, other keys; with the stolen log key, or one of its own."""

    def attack(scene):
        keys = {name: TestKey(f"invented-{name}") for name in scene.house.key}
        log_key = scene.house.state / "log.key" if stolen else None
        fake = CourtHouse.founded(scene.folder, log_key=log_key, keys=keys)
        for _ in range(3):
            fake.register()
        fake.books.checkpoint()
        copy = Copy.of(fake.store)
        if not same_ids:
            return copy
        text = b"\n".join(copy.bodies[:1])
        for name, person in scene.house.id.items():
            text = text.replace(fake.id.get(name, "none").encode(), person.encode())
        genesis = canonical(json.loads(text))
        return copy.with_bodies([genesis]).signed_by(scene.key)

    return attack


def foreign(scene):
    """The whole, lawful log of another court."""
    other = CourtHouse.founded(scene.folder, origin="sopti.pa-contoh.example/ledger")
    other.register()
    other.books.checkpoint()
    return Copy.of(other.store)


# --- checkpoints and texts --------------------------------------------------------------------------------------------


def with_note(change, size):
    def attack(scene):
        at = size(scene)
        return replace(scene.copy, notes=change(dict(scene.copy.notes), at))

    return attack


def note_forged(notes, at):
    """Another root under the old signature."""
    lines = notes[at].split("\n")
    lines[2] = "A" * 43 + "="
    return notes | {at: "\n".join(lines)}


def note_removed(notes, at):
    return {size: note for size, note in notes.items() if size != at}


def cosignature_removed(notes, at):
    lines = notes[at].splitlines(keepends=True)
    return notes | {at: "".join(lines[:-1])}


def a_text(scene):
    """A text that is still there: the reason of a returned request."""
    (ref,) = parse(scene.copy.bodies[scene.seq("request.returned")]).blobs
    return ref.digest


def text_changed(scene):
    digest = a_text(scene)
    blob = scene.copy.blobs[digest]
    return replace(scene.copy, blobs=scene.copy.blobs | {digest: replace(blob, content=blob.content[::-1])})


def text_removed(scene):
    digest = a_text(scene)
    return replace(scene.copy, blobs={d: blob for d, blob in scene.copy.blobs.items() if d != digest})
