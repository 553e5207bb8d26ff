"""The log itself as it is read by people who check it: entries, running balances, sums, and the whole of it as a file."""
