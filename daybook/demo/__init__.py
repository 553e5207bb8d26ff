"""The whole path, shown once: an account, three images, what they cost, and the book checked, signed and proven."""
