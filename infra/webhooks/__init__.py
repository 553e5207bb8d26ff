"""Webhooks in PostgreSQL: what is still to be told, and what became of it."""
