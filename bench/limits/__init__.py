"""Programs that do one step of a generation and nothing else, to see how far the real thing is from what the machine can do."""
