"""An hour of mixed load, and a client that checks every answer against its own book."""
