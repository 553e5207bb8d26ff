"""What is told of the log, on the API's own shapes: for its streams, and for webhooks, which leave from other processes."""
