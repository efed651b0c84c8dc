"""The tree: vectors of RFC 6962's reference implementation, every small proof, an independent tree as oracle."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from sopti_runner.domain.ledger.event import leaf_hash
from sopti_runner.domain.ledger.merkle import EMPTY_ROOT, Frontier, Tree, verify_consistency, verify_inclusion

SIZES = 130 if os.environ.get("SOPTI_SOAK") else 40
# The eight inputs and roots of Certificate Transparency's reference implementation.
INPUTS = [
    bytes.fromhex(h)
    for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.fixture(scope="module")
def tree():
    return Tree(leaf_hash(b"%d" % i) for i in range(SIZES))


def test_root_of_reference_inputs_is_the_reference_root():
    leaves = [leaf_hash(data) for data in INPUTS]
    assert [Tree(leaves).root(size).hex() for size in range(1, 9)] == ROOTS
    assert [Frontier(leaves[:size]).root().hex() for size in range(1, 9)] == ROOTS
    assert Tree([]).root() == Frontier().root() == EMPTY_ROOT


def test_reference_inclusion_and_consistency_proofs():
    tree = Tree(map(leaf_hash, INPUTS))
    assert [p.hex()[:8] for p in tree.inclusion(0, 8)] == ["96a296d2", "5f083f0a", "6b47aaf2"]
    assert [p.hex()[:8] for p in tree.inclusion(5, 8)] == ["bc1a0643", "ca854ea1", "d37ee418"]
    assert [p.hex()[:8] for p in tree.inclusion(2, 3)] == ["fac54203"]
    assert [p.hex()[:8] for p in tree.consistency(1, 8)] == ["96a296d2", "5f083f0a", "6b47aaf2"]
    assert [p.hex()[:8] for p in tree.consistency(6, 8)] == ["0ebc5d34", "ca854ea1", "d37ee418"]
    assert [p.hex()[:8] for p in tree.consistency(2, 5)] == ["5f083f0a", "bc1a0643"]


@given(st.lists(st.binary(max_size=20), max_size=70))
def test_root_any_leaves_is_what_pymerkle_computes(data):
    oracle = InmemoryTree(algorithm="sha256")
    for entry in data:
        oracle.append_entry(entry)
    assert Frontier(map(leaf_hash, data)).root() == oracle.get_root()


def test_every_inclusion_proof_of_small_trees_verifies(tree):
    for size in range(1, SIZES + 1):
        for index in range(size):
            assert verify_inclusion(leaf_hash(b"%d" % index), index, size, tree.inclusion(index, size), tree.root(size))


def test_every_consistency_proof_of_small_trees_verifies(tree):
    for new in range(SIZES + 1):
        for old in range(new + 1):
            assert verify_consistency(old, new, tree.root(old), tree.root(new), tree.consistency(old, new))


def mutations(proof):
    yield from (proof[:at] + proof[at + 1 :] for at in range(len(proof)))
    yield from ([*proof[:at], bytes(32), *proof[at + 1 :]] for at in range(len(proof)))
    yield [*proof, bytes(32)]
    yield from ([proof[1], proof[0], *proof[2:]] for _ in proof[1:2] if proof[0] != proof[1])


def test_no_changed_inclusion_proof_verifies(tree):
    for size in range(1, 20):
        root = tree.root(size)
        for index in range(size):
            leaf, proof = leaf_hash(b"%d" % index), tree.inclusion(index, size)
            assert not any(verify_inclusion(leaf, index, size, wrong, root) for wrong in mutations(proof))
            assert not verify_inclusion(leaf_hash(b"x"), index, size, proof, root)
            assert not any(verify_inclusion(leaf, at, size, proof, root) for at in range(-1, size + 1) if at != index)


def test_no_changed_consistency_proof_verifies(tree):
    for new in range(2, 20):
        for old in range(1, new):
            proof, roots = tree.consistency(old, new), (tree.root(old), tree.root(new))
            assert not any(verify_consistency(old, new, *roots, wrong) for wrong in mutations(proof))
            assert not verify_consistency(old, new, roots[1], roots[0], proof)
            assert not verify_consistency(old, new, bytes(32), roots[1], proof)


def test_consistency_from_or_to_nonsense_is_false(tree):
    assert not verify_consistency(0, 5, bytes(32), tree.root(5), [])
    assert not verify_consistency(0, 5, EMPTY_ROOT, tree.root(5), [bytes(32)])
    assert not verify_consistency(6, 5, tree.root(6), tree.root(5), [])
    assert not verify_consistency(5, 5, tree.root(5), tree.root(5), [bytes(32)])
    assert not verify_consistency(3, 5, tree.root(3), tree.root(5), [])


@pytest.mark.parametrize("ask", [lambda t: t.root(99), lambda t: t.inclusion(5, 5), lambda t: t.consistency(9, 8)])
def test_proof_beyond_the_tree_refuses(ask):
    with pytest.raises(ValueError, match=r"tree"):
        ask(Tree(map(leaf_hash, INPUTS)))


@given(st.integers(0, 3000))
def test_frontier_dumped_and_loaded_goes_on_alike(size):
    leaves = [leaf_hash(b"%d" % i) for i in range(size)]
    frontier = Frontier(leaves)
    loaded = Frontier.load(frontier.dump())
    frontier.add(bytes(32))
    loaded.add(bytes(32))
    assert loaded.root() == frontier.root()


@pytest.mark.parametrize("state", [b"", bytes(7), bytes(8) + bytes(32), (3).to_bytes(8, "big") + bytes(32)])
def test_frontier_of_damaged_state_refuses(state):
    with pytest.raises(ValueError, match="frontier"):
        Frontier.load(state)
