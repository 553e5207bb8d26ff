"""What the notary needs of the house's keys."""

from typing import Protocol


class WrappedKeyLost(Exception):
    """A stored key does not open: it was altered, or the secret key that wrapped it is gone."""


class Wrapping(Protocol):
    """Keys kept under the installation's secret key."""

    @property
    def epoch(self) -> str:
        """The id of the secret key by which `wrap` wraps now."""

    def wrap(self, key: bytes, name: bytes) -> bytes:
        """*key*, encrypted and bound to *name*."""

    def unwrap(self, epoch: str, wrapped: bytes, name: bytes) -> bytes:
        """The opposite of `wrap`, also for the previous secret key while one is set.

        Raises WrappedKeyLost.
        """
