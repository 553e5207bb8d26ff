"""The Merkle tree of RFC 6962, section 2.1: pure, on hashes alone.

A tree of any size falls apart into complete subtrees, and these never change while it grows. So everything here is said in
terms of complete subtrees: which ones make a root or a path, and how their hashes are put together.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

EMPTY_ROOT = hashlib.sha256(b"").digest()


class Node(NamedTuple):
    """A complete subtree: the leaves from number * 2^level on, 2^level of them."""

    level: int
    number: int


class Span(NamedTuple):
    """The leaves from `first` up to, not including, `end`. Its hash is that of a tree of just these leaves."""

    first: int
    end: int


def leaf_hash(entry: bytes) -> bytes:
    """The hash of the leaf that holds *entry*."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growth:
    """A tree that grows at its right end, held as the complete subtrees it consists of, the largest first."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(peaks)}")
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Add the hash of a leaf. Returns the subtrees that are complete now, the leaf first."""
        index, level, done = self.size, 0, leaf
        complete = [(Node(0, index), leaf)]
        while index & 1:
            done = node_hash(self._peaks.pop(), done)
            index, level = index >> 1, level + 1
            complete.append((Node(level, index), done))
        self._peaks.append(done)
        self.size += 1
        return complete

    @property
    def root(self) -> bytes:
        return joined(self._peaks) if self._peaks else EMPTY_ROOT

    def peaks(self) -> dict[Node, bytes]:
        """The complete subtrees of which it consists now."""
        return dict(zip(complete_in(Span(0, self.size)), self._peaks, strict=True))


def complete_in(span: Span) -> list[Node]:
    """The complete subtrees of a span of a tree, from left to right. The span must begin where they do."""
    first, end = span
    found: list[Node] = []
    while first < end:
        level = (end - first).bit_length() - 1
        found.append(Node(level, first >> level))
        first += 1 << level
    return found


def joined(hashes: Sequence[bytes]) -> bytes:
    """The hash of a span, from those of its complete subtrees, from left to right."""
    *others, whole = hashes
    for left in reversed(others):
        whole = node_hash(left, whole)
    return whole


def inclusion(index: int, size: int) -> list[Span]:
    """The spans whose hashes are the audit path of leaf *index* in a tree of *size* leaves (2.1.1), the lowest first."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path: list[Span] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _half(end - first)
        if index < middle:
            path.append(Span(middle, end))
            end = middle
        else:
            path.append(Span(first, middle))
            first = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Span]:
    """The spans whose hashes prove that the tree of *new* leaves extends that of *old* (2.1.2), in the order of the RFC."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} leaves does not extend one of {old}")
    path: list[Span] = []
    first, end, whole = 0, new, True
    while old - first != end - first:
        middle = first + _half(end - first)
        if old <= middle:
            path.append(Span(middle, end))
            end = middle
        else:
            path.append(Span(first, middle))
            first, whole = middle, False
    return path[::-1] if whole else [Span(first, end), *path[::-1]]


def hashed(spans: Sequence[Span], known: Mapping[Node, bytes]) -> list[bytes]:
    """The hashes of *spans* from those of their complete subtrees.   Raises KeyError for one that is not *known*."""
    return [joined([known[node] for node in complete_in(span)]) for span in spans]


def nodes_of(spans: Sequence[Span]) -> Iterator[Node]:
    """What must be known for `hashed`."""
    for span in spans:
        yield from complete_in(span)


def root_of_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that *path* leads to from *leaf*.   Raises ValueError when it has another length than such a path."""
    spans = inclusion(index, size)
    if len(spans) != len(path):
        raise ValueError(f"the path has {len(path)} hashes, not {len(spans)}")
    for span, other in zip(spans, path, strict=True):
        leaf = node_hash(leaf, other) if span.first > index else node_hash(other, leaf)
    return leaf


def extends(old: int, new: int, *, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether *path* proves that the tree of *new* leaves begins with that of *old*."""
    spans, rest = consistency(old, new), list(path)
    if len(spans) != len(rest):
        return False
    # When the old tree is itself a subtree of the new one, the RFC leaves its hash out of the path.
    before = after = old_root if not spans or spans[0].first >= old else rest.pop(0)
    for span, other in zip(spans[len(spans) - len(rest) :], rest, strict=True):
        if span.first >= old:
            after = node_hash(after, other)
        else:
            before, after = node_hash(other, before), node_hash(other, after)
    return (before, after) == (old_root, new_root)


def _half(width: int) -> int:
    """The largest power of two below *width*: where RFC 6962 cuts."""
    return 1 << ((width - 1).bit_length() - 1)
