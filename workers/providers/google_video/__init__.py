"""Google's videos: Veo by operations, its successor by interactions. A model's row says which: `protocol`."""
