"""The shapes of requests and answers, one file per feature, and how they are made from rows."""
