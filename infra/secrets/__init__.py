"""Keys: what follows from the secret key, and the data key of each person."""
