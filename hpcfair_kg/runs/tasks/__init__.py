"""SHELF: what can be asked for, one file a task; each ends in ``PLUGINS = (Doer(…),)``."""
