"""SHELF of dialects: the canonical graph as others speak it, one file a dialect."""
