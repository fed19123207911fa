"""`python -m server` is `hpcfair-server`."""

from server.cli import main

if __name__ == "__main__":
    main()
