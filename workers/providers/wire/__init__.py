"""HTTP to providers, shared by all adapters: one place where keys are sent, limits hold, and what goes wrong gets its name."""
