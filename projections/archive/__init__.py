"""Reading events whose words lie in the archive."""
