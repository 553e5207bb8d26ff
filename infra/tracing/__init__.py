"""Spans for OpenTelemetry collectors."""
