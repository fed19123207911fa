"""SHELF: what is done to text, images and features before a model takes them, and to what it gives; one file a kind."""
