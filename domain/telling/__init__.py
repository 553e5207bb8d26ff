"""What account owners are told of the log, as it happens: the names, and the ports behind streams and webhooks."""
