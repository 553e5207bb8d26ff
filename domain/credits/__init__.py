"""Credits: the ledger. Every fact is an event in the payer's stream and carries balanced postings."""
