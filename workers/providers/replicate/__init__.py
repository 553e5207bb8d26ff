"""Replicate: predictions by any model there; what a model is told stands in its row of the catalogue."""
