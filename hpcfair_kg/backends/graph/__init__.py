"""Where triples live: named graphs, written whole and at once."""
