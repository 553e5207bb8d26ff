"""`make bench`: every figure beside its peers, on the same engines, in the same run."""
