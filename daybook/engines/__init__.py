"""PostgreSQL and Redis out of the wheels, for one machine: no TCP, no account made, nothing left behind."""

from daybook.engines.embedded import Addresses, Engines, addresses, embedded
from daybook.engines.errors import AlreadyRunning, EngineError

__all__ = ["Addresses", "AlreadyRunning", "EngineError", "Engines", "addresses", "embedded"]
