"""`python -m hpcfair_kg.cli`, for where the command is not on the path."""

from hpcfair_kg.cli import main

main(prog_name="hpcfair")
