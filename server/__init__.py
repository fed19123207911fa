"""DOOR: the Flask app, one blueprint a file."""
