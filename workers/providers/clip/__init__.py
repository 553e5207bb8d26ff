"""builtin/clip-1: short films with sound. A sketch is moved, lit and rained on by rule; it is not a trained model."""
