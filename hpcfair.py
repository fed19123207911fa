"""`from hpcfair import modelAPI`, as the paper's Listing 3 has it."""

from hpcfair_kg import *  # noqa: F403
