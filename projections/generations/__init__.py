"""Read model of generations."""
