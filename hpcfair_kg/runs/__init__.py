"""HALL: the story of one task: asked for, done in the box, its outcome kept with how it came about."""
