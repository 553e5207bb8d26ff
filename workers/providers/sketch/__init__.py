"""builtin/sketch-1: a procedural renderer. It composes scenes from words; it is not a trained model."""
