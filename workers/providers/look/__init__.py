"""builtin/look-1: measures pictures and says what it measured. It recognises nothing; it is not a trained model."""
