"""Where bytes live: a directory with signed URLs, or any S3-compatible store. Both pass one contract suite."""
