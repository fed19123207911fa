"""SHELF of dialects that come in: feeds, Croissant, DCAT, schema.org, model cards, each read into our record."""
