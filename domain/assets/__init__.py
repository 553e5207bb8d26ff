"""Assets: stored results and uploads."""
