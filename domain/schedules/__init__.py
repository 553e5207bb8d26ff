"""Schedules: a saved request that is made again and again, by a cron expression in a time zone."""
