"""Streams of events (SSE): what is sent, in which order, how it is resumed, and when it ends."""
