"""Read models of balances and ledger entries."""
