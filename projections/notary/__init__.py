"""The notary: a Merkle tree over the log (RFC 6962), signed checkpoints of it, and proofs that anyone can check."""
