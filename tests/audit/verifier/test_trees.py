"""The tree code of the verifier against the definitions of RFC 6962, on trees and paths that hypothesis thinks of."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.proof_files import b64, consistency_of, path_of, root_of
from tests.support.verifying import loaded

VERIFIER = loaded()
LEAVES = st.integers(1, 70).map(lambda count: [hashlib.sha256(b"leaf %d" % place).digest() for place in range(count)])
HASH = st.binary(min_size=32, max_size=32)


def outcome(function, *given):
    """What *function* returns, or None when it refuses."""
    try:
        return function(*given)
    except VERIFIER.Refused:
        return None


def packed(path):
    return [b64(each) for each in path]


@given(LEAVES)
def test_a_growing_tree_has_the_root_of_the_definition(leaves):
    roots: list[bytes] = []
    for size, leaf in enumerate(leaves, 1):
        VERIFIER.grow(roots, size, leaf)
        assert VERIFIER.root_of(roots) == root_of(leaves[:size])
    assert len(roots) == bin(len(leaves)).count("1")


@given(LEAVES, st.data())
def test_a_path_leads_from_its_leaf_to_the_root_and_from_nowhere_else(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = packed(path_of(leaves, index))
    assert VERIFIER.root_by(path, leaves[index], index, len(leaves)) == root_of(leaves)
    other = data.draw(st.integers(-2, len(leaves) + 2))
    if other != index:
        assert outcome(VERIFIER.root_by, path, leaves[index], other, len(leaves)) != root_of(leaves)


@given(LEAVES, st.data())
def test_a_changed_path_leads_elsewhere(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = path_of(leaves, index)
    other = data.draw(st.lists(st.sampled_from(path) | HASH if path else HASH, max_size=len(path) + 1))
    if other != path:
        assert outcome(VERIFIER.root_by, packed(other), leaves[index], index, len(leaves)) != root_of(leaves)


@given(LEAVES, st.data())
def test_a_consistency_path_gives_both_roots(leaves, data):
    size = data.draw(st.integers(1, len(leaves)))
    path, old = consistency_of(leaves, size), root_of(leaves[:size])
    assert VERIFIER.both_roots(packed(path), size, len(leaves), old) == (old, root_of(leaves))
    forged = data.draw(HASH)
    assert outcome(VERIFIER.both_roots, packed(path), size, len(leaves), forged) != (forged, root_of(leaves))


@given(LEAVES, st.data())
def test_a_changed_consistency_path_gives_others(leaves, data):
    size = data.draw(st.integers(1, len(leaves)))
    path, old = consistency_of(leaves, size), root_of(leaves[:size])
    other = data.draw(st.lists(st.sampled_from(path) | HASH if path else HASH, max_size=len(path) + 1))
    if other != path:
        assert outcome(VERIFIER.both_roots, packed(other), size, len(leaves), old) != (old, root_of(leaves))


@settings(max_examples=200)
@given(st.integers(-3, 10**19), st.integers(-3, 10**19), st.lists(HASH | st.text() | st.none() | st.integers(), max_size=70))
def test_absurd_paths_are_refused_and_nothing_worse(index, size, path):
    found = outcome(VERIFIER.root_by, [b64(each) if isinstance(each, bytes) else each for each in path], bytes(32), index, size)
    assert found is None or (0 <= index < size and len(found) == 32)
    if 1 <= index <= size:
        both = outcome(VERIFIER.both_roots, path, index, size, bytes(32))
        assert both is None or len(both) == 2
