"""Where bytes live, named by their sha256."""
