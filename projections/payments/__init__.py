"""What must be known of the book before money that went back is taken from it."""
