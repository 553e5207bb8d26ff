"""What the specifications of the verifier share."""

from tests.support.projecting import library

__all__ = ["library"]
