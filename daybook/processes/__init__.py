"""One small file per role: what it opens, what it runs, how it drains."""
