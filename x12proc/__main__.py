"""``python -m x12proc``: the same program as the command."""

from x12proc.cli import main

if __name__ == "__main__":
    main()
