"""What the notary has signed, made again from the log: leaves, tree, checkpoints, sealed balances."""
