"""Subscriptions as their owners see them."""
