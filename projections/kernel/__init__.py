"""The follower, the folding runner, and what a read model is."""
