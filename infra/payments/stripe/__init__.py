"""Stripe, spoken over HTTP by hand: checkout pages, and what is heard of the money. Wire format of API version 2026-06-24.dahlia."""
