"""Checking the log and every read model with code that shares nothing with them."""
