"""Structured logs: one line per thing that happened, JSON for machines or aligned text for people.

Every line has `timestamp`, `level`, `event`, `process` and `log`, the book it belongs to: access, security, business or error.
"""

from infra.logs.configure import configure

__all__ = ["configure"]
