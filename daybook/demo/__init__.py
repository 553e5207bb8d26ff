"""The whole path, shown once: an account, every kind of generation, what they cost, and the book checked, signed and proven."""
