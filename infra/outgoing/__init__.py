"""Requests to places that others named: checked addresses, pinned connections, limits of time and bytes."""
