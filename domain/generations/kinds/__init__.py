"""What each kind of generation can be told, what of it is its caller's words, and how much of it there can be at most."""
