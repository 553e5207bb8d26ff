"""The event store: one writer per process, one statement per batch, positions in commit order without holes."""
