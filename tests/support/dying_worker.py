"""A worker process that dies at its first batch, for the tests of what the program makes of that."""

from __future__ import annotations

import os

import x12proc.runner.pool
from x12proc.cli import main
from x12proc.conformance.chunks import Batch, BatchResult


def die(batch: Batch) -> BatchResult:
    """In place of the check."""
    os._exit(1)


if __name__ == "__main__":
    from support.dying_worker import die as in_place_of_it

    x12proc.runner.pool._check = in_place_of_it
    main()
