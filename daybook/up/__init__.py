"""Everything on one machine: engines, tables, processes, and what happens when one of them ends."""
