"""Read models of accounts and their API tokens."""
