"""The Merkle tree of RFC 6962 over the ledger's leaves, and its proofs.

The rule this module keeps: what is proved is proved against a root that came with a signed checkpoint; a proof by
itself is a list of hashes. The words are RFC 9162's: leaf, tree size, root hash, inclusion, consistency.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give an inner node: ``SHA-256(0x01 ‖ left ‖ right)`` (RFC 6962 section 2.1), 32 bytes."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to go on and to give the root, at most 64 hashes.

    Args:
        leaves: Leaves to start with, in order.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # roots of the perfect subtrees, largest first: one for each bit set in size
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash, 32 bytes."""
        size, peaks = self.size, self._peaks
        while size & 1:
            leaf = hashlib.sha256(b"\1" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Give the root hash over all leaves so far, 32 bytes."""
        if not self._peaks:
            return EMPTY_ROOT
        *rest, root = self._peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root

    def dump(self) -> bytes:
        """Give the state as bytes: the size (8 bytes, big-endian), then the peaks, largest first."""
        return self.size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def load(cls, state: bytes) -> Frontier:
        """Give the frontier of dumped bytes; ValueError when they can't be one."""
        frontier = cls()
        frontier.size = int.from_bytes(state[:8], "big")
        if len(state) != 8 + HASH_BYTES * bin(frontier.size).count("1"):
            raise ValueError("a frontier of this size has another number of hashes")
        frontier._peaks = [state[at : at + HASH_BYTES] for at in range(8, len(state), HASH_BYTES)]
        return frontier


class Tree:
    """A whole tree in memory, for making proofs; about 200 bytes a leaf.

    Args:
        leaves: All leaf hashes, in order, 32 bytes each.
    """

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._levels: list[list[bytes]] = [list(leaves)]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            self._levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def root(self, size: int | None = None) -> bytes:
        """Give the root hash of the first ``size`` leaves, of all by default; ValueError beyond the tree."""
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise ValueError(f"a tree of {self.size} leaves has no root at size {size}")
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Give the inclusion proof of leaf ``index`` in the first ``size`` leaves (RFC 6962 section 2.1.1).

        Raises:
            ValueError: There is no such leaf, or no tree of this size here.
        """
        size = self.size if size is None else size
        if not 0 <= index < size <= self.size:
            raise ValueError(f"there is no leaf {index} in a tree of size {size} here")
        proof: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Give the proof that the first ``old`` leaves are a prefix of the first ``new`` (RFC 6962 section 2.1.2).

        Raises:
            ValueError: ``old`` is larger than ``new``, or ``new`` than the tree.
        """
        new = self.size if new is None else new
        if not 0 <= old <= new <= self.size:
            raise ValueError(f"a tree of {self.size} leaves can't lead from size {old} to {new}")
        proof: list[bytes] = []
        start, end, whole = 0, new, True
        while old and old != end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._range(middle, end))
                end = middle
            else:
                proof.append(self._range(start, middle))
                start, whole = middle, False
        if old and not whole:
            proof.append(self._range(start, end))
        return proof[::-1]

    def _range(self, start: int, end: int) -> bytes:
        """Give the root over leaves ``start`` to ``end``; complete subtrees come from the stored levels."""
        count = end - start
        if count & (count - 1) == 0 and start % count == 0:
            return self._levels[count.bit_length() - 1][start // count]
        middle = start + _split(count)
        return node_hash(self._range(start, middle), self._range(middle, end))


def _split(count: int) -> int:
    """Give the largest power of two below ``count``, for ``count`` above 1."""
    return 1 << (count - 1).bit_length() - 1


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether ``leaf`` is at ``index`` in the tree of this size and root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether the tree of size ``old`` is a prefix of the tree of size ``new`` (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    found_old = found_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            found_old, found_new = node_hash(sibling, found_old), node_hash(sibling, found_new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found_new = node_hash(found_new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root
