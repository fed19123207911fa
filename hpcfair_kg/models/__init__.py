"""WING of tensors: convert, verify, infer and chain. It knows no RDF."""
