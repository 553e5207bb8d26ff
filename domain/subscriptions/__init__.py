"""Subscriptions: credits for each paid period, which lapse at its end."""
