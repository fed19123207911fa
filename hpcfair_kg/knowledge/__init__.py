"""WING of triples: ontology, describe, validate, jsonld, search and views. It knows no tensors."""
