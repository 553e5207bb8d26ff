"""A Merkle tree of RFC 6962, section 2.1, that only grows: the hashes of its complete subtrees, the largest first."""

from hashlib import sha256


class Tree:
    """`roots` is one hash for each bit of `size`."""

    def __init__(self) -> None:
        self.size = 0
        self.roots: list[bytes] = []

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Returns (level, index, hash) of the subtrees that *leaf* completes, from two leaves on."""
        made = []
        index, level, digest = self.size, 0, leaf
        while index & 1:
            digest = sha256(b"\x01" + self.roots.pop() + digest).digest()
            index >>= 1
            level += 1
            made.append((level, index, digest))
        self.roots.append(digest)
        self.size += 1
        return made

    def root(self) -> bytes:
        """The hash over all leaves; that of nothing when there are none."""
        if not self.roots:
            return sha256().digest()
        digest = self.roots[-1]
        for left in self.roots[-2::-1]:
            digest = sha256(b"\x01" + left + digest).digest()
        return digest
