"""Generations: one lifecycle, many kinds. The generation's stream is the fence of its workers."""
