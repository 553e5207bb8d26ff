"""builtin/retouch-1: an editor that does what words of the prompt name, in their order. It computes; it is not a trained model."""
