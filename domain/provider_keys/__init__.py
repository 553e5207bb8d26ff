"""The callers' own keys at providers: that one was set or removed. The keys themselves never enter the log."""
