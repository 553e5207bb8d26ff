"""Accounts: who someone is, what he may do, and how he proves it (sign-in facts and API tokens stand in the same stream)."""
