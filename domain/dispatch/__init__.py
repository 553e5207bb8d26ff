"""Who works on what: work rows, leases and workers as ports. PostgreSQL decides; the messages in Redis are only hints."""
