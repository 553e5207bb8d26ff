"""Counters and gauges of a process, in the Prometheus text format."""
