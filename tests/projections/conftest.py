"""What the specifications of read models share."""

from tests.support.projecting import library

__all__ = ["library"]
