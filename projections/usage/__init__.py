"""Read model of usage by day, kind and model."""
