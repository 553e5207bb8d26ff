"""Provider adapters: each turns a Job into a Result, or into one of the normalised failures."""
