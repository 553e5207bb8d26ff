"""Schedules as their owner sees them, and which of them are due."""
