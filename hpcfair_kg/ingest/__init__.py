"""HALL: from bytes to an artifact. `story` tells it in order; drafts, stage, jobs and hooks serve it."""
