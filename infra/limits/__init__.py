"""Rate limits: sliding windows counted in Redis, and on this process's own counts while Redis is away."""
