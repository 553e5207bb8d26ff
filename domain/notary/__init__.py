"""What the notary itself writes into the log: which balances it committed to, and that a restore lost events."""
