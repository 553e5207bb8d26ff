"""builtin/writer-1: an extractive, templated writer. It selects and rearranges what it is given; it is not a language model."""
