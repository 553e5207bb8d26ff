"""Small programs for the peers. They run in an environment of their own and print one JSON object; nothing of ours is imported."""
