"""Webhooks: the endpoints that an account is told at, the secrets that sign what it is told, and how deliveries are tried."""
