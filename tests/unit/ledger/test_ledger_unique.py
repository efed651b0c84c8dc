"""Ids that stand twice are found, however far apart."""

from __future__ import annotations

from sopti_runner.domain.ledger.unique import RUN, UniqueIds


def test_unique_ids_finds_each_repetition_across_runs():
    ids = UniqueIds()
    text = "{:08x}-0000-7000-8000-{:012x}".format
    for seq in range(RUN + 10):
        ids.add(text(seq * 7919 % 2**32, seq), seq)
    ids.add(text(3 * 7919, 3), RUN + 10)
    ids.add(text((RUN + 2) * 7919 % 2**32, RUN + 2), RUN + 11)
    assert sorted(ids.repeated()) == [(RUN + 10, 3), (RUN + 11, RUN + 2)]
