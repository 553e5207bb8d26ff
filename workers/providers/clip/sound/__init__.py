"""Sound made of numbers: oscillators and shaped noise, one motif at a time."""
