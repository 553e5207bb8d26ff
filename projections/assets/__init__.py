"""Read model of stored results and uploads."""
