"""Taking in an exported log: everything checked while it is read, all of it or nothing."""
