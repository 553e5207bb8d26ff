"""Webhook endpoints as their owner sees them."""
