"""Cheating with what nobody signs: a witness, an erasure, a desk, silence, a clock."""

import hashlib
from datetime import timedelta

from tests.hostile.attacks import a_text
from tests.hostile.copies import Copy
from tests.hostile.past_the_services import prepared, written


def own_cosignature(scene):
    """The log's holder tells of a witness that never saw anything."""
    twin = scene.house.twin(scene.folder)
    told = {"size": len(scene.copy.bodies), "witnesses": ["x"], "lines": [hashlib.sha256(b"x").hexdigest()]}
    return written(twin, [twin.fact("witness.cosigned", **told)])


def text_erased_alone(scene):
    """Gone, with an event that says so, but no two officials agreed."""
    twin, digest = scene.house.twin(scene.folder), a_text(scene)
    twin.store.erase(digest)
    return written(twin, [twin.fact("blob.erased", "none", digests=[digest.hex()])])


def key_stolen(scene):
    """Somebody at the secretary's desk signs with the secretary's own key."""
    twin, _request = prepared(scene, approved=True)
    return Copy.of(twin.store).signed_by(twin.log_key)


def never_written(scene):
    """Somebody was refused and nothing was recorded; here nothing at all is in the log of what happened."""
    twin = scene.house.twin(scene.folder)
    twin.clock.move(hours=1)
    twin.register()
    return Copy.of(twin.store).signed_by(twin.log_key)


def clock_a_little_wrong(scene):
    """The machine's clock lies by four minutes and writes on."""
    twin = scene.house.twin(scene.folder)
    twin.clock.time += timedelta(minutes=4)
    twin.register()
    return Copy.of(twin.store).signed_by(twin.log_key)
