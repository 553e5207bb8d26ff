"""Old events whose words lie outside of the log's table."""
