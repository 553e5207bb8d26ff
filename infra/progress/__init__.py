"""How far running generations are: ticks that may be lost."""
