"""What can be asked: read models folded from the log, and the queries on them. Disposable; the log is not."""
