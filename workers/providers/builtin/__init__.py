"""The provider `builtin`: every kind of generation without a key and without a network."""
