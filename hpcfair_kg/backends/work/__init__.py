"""Where errands run: `base` says what a worker promises, `processes` does it on this machine."""
