"""Plays seeded sequences of moves and shortens one that fails.

``python -m tests.property.play FIRST COUNT [LENGTH]`` plays COUNT seeds from FIRST on and prints what it did as JSON;
a failing seed is printed with the fewest moves that still fail.
"""

import functools
import json
import random
import sys
from collections import Counter

from tests.property.moves import Moves
from tests.property.pair import DisagreementError, Pair
from tests.property.traps import TRAPS

LENGTH = 16  # moves in a sequence, after its beginning

TO_PRIORITY = (("dispose", "sec"), ("examine", "head"), ("classify", "op1"), ("verify", "head"), ("prioritise", "head"))


@functools.cache
def beginnings():
    """Give three courts to begin with: fresh, with a prioritised request, with one that was planned and advised on."""
    fresh = Pair()
    prioritised = fresh.copy()
    prioritised.do(("act", "register", "op1", None, "own", (("asker", "head"),)))
    for act, who in TO_PRIORITY:
        prioritised.do(("act", act, who, 0))
    considered = prioritised.copy()
    considered.do(("plan", "op1", 0))
    considered.do(("act", "consider", "kabag", 0))
    return fresh, prioritised, considered


def begin(seed):
    """Give the random source and the beginning of a seed."""
    source = random.Random(seed)
    return source, source.choices(beginnings(), [1, 2, 2])[0].copy()


def play(seed, length=LENGTH, traps=TRAPS):
    """Play one sequence; gives the pair, the moves made, and the disagreement if there was one."""
    source, pair = begin(seed)
    moves, made = Moves(source, pair, traps), []
    try:
        for _ in range(length):
            made.append(moves.next())
            pair.do(made[-1])
        pair.audit()
    except DisagreementError as error:
        return pair, made, error
    return pair, made, None


def fails(seed, made):
    """Tell whether these moves, after the seed's beginning, still disagree."""
    _, pair = begin(seed)
    try:
        for move in made:
            pair.do(move)
        pair.audit()
    except DisagreementError:
        return True
    return False


def shorten(seed, made):
    """Leave out moves one by one, from the end, for as long as the rest still fails."""
    at = len(made) - 1
    while at >= 0:
        less = made[:at] + made[at + 1 :]
        if fails(seed, less):
            made = less
        at -= 1
    return made


def main(first, count, length=LENGTH):
    """Play and report; the exit code is 1 when a seed failed."""
    done, events = Counter(), Counter()
    for seed in range(first, first + count):
        pair, made, error = play(seed, length)
        done.update(sequences=1, moves=len(made), starts=pair.starts)
        done.update("move:" + move[0] for move in made)
        events.update(event.type for event in pair.real.ledger.kept)
        if error:
            short = shorten(seed, made)
            print(f"seed {seed} disagrees: {error}\n" + "\n".join(f"  {move}" for move in short))
            return 1
    print(json.dumps({**done, "events": events}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
