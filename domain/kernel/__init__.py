"""The few ideas every feature shares: facts, refusals, commands, decisions, ids and limits."""
