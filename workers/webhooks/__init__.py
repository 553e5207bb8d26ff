"""Webhooks: what is told to endpoints, one signed request for each event."""
