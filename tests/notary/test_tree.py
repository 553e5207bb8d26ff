"""The tree, against the definitions of RFC 6962 written down once more as they stand there: recursive, on lists of leaves."""

import hashlib
import random

import pytest

from projections.notary.tree import (
    EMPTY_ROOT,
    Growth,
    consistency,
    extends,
    hashed,
    inclusion,
    leaf_hash,
    node_hash,
    nodes_of,
    root_of_inclusion,
)

#: Inputs and roots of trees of 1 to 8 leaves that implementations of Certificate Transparency are commonly tested with.
ENTRIES = [
    bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
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
SIZES = 70


def naive_root(leaves):
    """MTH of 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = cut(len(leaves))
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_path(m, leaves):
    """PATH of 2.1.1."""
    if len(leaves) == 1:
        return []
    k = cut(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_proof(m, leaves, whole=True):
    """SUBPROOF of 2.1.2."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = cut(len(leaves))
    if m <= k:
        return [*naive_proof(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_proof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def cut(n):
    """The largest power of two smaller than n, counted up."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def numbered(count):
    return [leaf_hash(str(number).encode()) for number in range(count)]


def grown(leaves):
    """The tree, and every complete subtree of it."""
    growth, known = Growth(), {}
    for leaf in leaves:
        known.update(growth.append(leaf))
    return growth, known


def test_the_empty_tree_has_the_hash_of_nothing():
    assert Growth().root == EMPTY_ROOT == naive_root([])
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_known_trees_have_their_known_roots(size):
    growth, _ = grown([leaf_hash(entry) for entry in ENTRIES[:size]])
    assert growth.root.hex() == ROOTS[size - 1]


def test_every_root_is_that_of_the_definition():
    growth, leaves = Growth(), numbered(300)
    for size, leaf in enumerate(leaves, start=1):
        growth.append(leaf)
        assert growth.root == naive_root(leaves[:size])


def test_a_tree_grows_on_from_its_complete_subtrees():
    leaves = numbered(200)
    for size in range(1, 200, 7):
        whole, _ = grown(leaves[:size])
        again = Growth(size, list(whole.peaks().values()))
        for leaf in leaves[size:]:
            again.append(leaf)
        assert again.root == naive_root(leaves)


def test_every_inclusion_path_is_that_of_the_definition_and_leads_to_the_root():
    leaves = numbered(SIZES)
    for size in range(1, SIZES):
        growth, known = grown(leaves[:size])
        for index in range(size):
            path = hashed(inclusion(index, size), known)
            assert path == naive_path(index, leaves[:size])
            assert root_of_inclusion(index, size, leaves[index], path) == growth.root


def test_every_consistency_path_is_that_of_the_definition_and_proves_the_extension():
    leaves = numbered(SIZES)
    roots = [naive_root(leaves[:size]) for size in range(SIZES + 1)]
    for new in range(1, SIZES):
        _, known = grown(leaves[:new])
        for old in range(1, new + 1):
            path = hashed(consistency(old, new), known)
            assert path == naive_proof(old, leaves[:new])
            assert extends(old, new, old_root=roots[old], new_root=roots[new], path=path)


def test_a_path_that_is_wrong_anywhere_proves_nothing():
    dice, leaves = random.Random(1), numbered(100)
    growth, known = grown(leaves)
    for old in range(1, 100):
        path, old_root = hashed(consistency(old, 100), known), naive_root(leaves[:old])
        assert not extends(old, 100, old_root=old_root, new_root=bytes(32), path=path)
        assert not extends(old, 100, old_root=old_root, new_root=growth.root, path=[*path, bytes(32)])
        assert not extends(old, 100, old_root=old_root, new_root=growth.root, path=path[1:])
        place = dice.randrange(len(path))
        assert not extends(old, 100, old_root=old_root, new_root=growth.root, path=[*path[:place], bytes(32), *path[place + 1 :]])


def test_only_complete_subtrees_are_asked_for():
    for size in range(1, 200):
        for index in range(size):
            assert all((node.number + 1) << node.level <= size for node in nodes_of(inclusion(index, size)))


def test_what_does_not_exist_has_no_path():
    for index, size in ((0, 0), (5, 5), (-1, 3)):
        with pytest.raises(ValueError, match="has no leaf"):
            inclusion(index, size)
    for old, new in ((0, 5), (6, 5)):
        with pytest.raises(ValueError, match="does not extend"):
            consistency(old, new)
    with pytest.raises(ValueError, match="has 0 hashes, not 3"):
        root_of_inclusion(0, 8, bytes(32), [])
    with pytest.raises(ValueError, match="complete subtrees"):
        Growth(3, [bytes(32)])
