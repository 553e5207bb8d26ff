"""Each read model computed once more, by other code, and compared with its tables: every row, every column."""
