"""Orders: a package of credits, bought once."""
