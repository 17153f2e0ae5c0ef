"""Runs the program again and again; each time one more of its writes is short, and then the disk is full.

``python failing_writes.py short|full COMMAND...``: ``{n}`` in the command is a number that no other run has.
Prints, as JSON, the exit code of each run and the size of what it wrote to standard output; the last run has no
such write. Only with ``full`` is the disk full after the short write.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
from typing import Any

import x12proc.cli.app
from x12proc.runner.streams import NamedFile

_MOST = 2000  # writes of a command
_NONE_FAILED = 100  # added to the exit code of a run with too few writes


class Faults:
    """Make one write short, and with ``full`` the next one fail."""

    def __init__(self, at: int, *, full: bool) -> None:
        self._at, self._full = at, full
        self._write = NamedFile.write
        self.writes = 0

    def write(self, file: NamedFile, data: Any, /) -> int:
        """Stand in for NamedFile.write."""
        self.writes += 1
        if self.writes > self._at and self._full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "the disk")
        return self._write(file, data[: (len(data) + 1) // 2] if self.writes == self._at else data)


def run(at: int, output: int, *, full: bool) -> int:
    """Run the program in this process, which is a child, and return its exit code."""
    os.dup2(output, 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    faults = Faults(at, full=full)
    NamedFile.write = lambda file, data, /: faults.write(file, data)  # type: ignore[method-assign]
    sys.argv = ["x12proc", *(part.replace("{n}", str(os.getpid())) for part in sys.argv[2:])]
    try:
        x12proc.cli.app.main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    # With an odd number of bytes left to a short write there may be none to fail.
    return code if faults.writes >= at + full else code + _NONE_FAILED


def main() -> None:
    """Run all and print the results."""
    results = []
    for at in range(1, _MOST):
        with tempfile.TemporaryFile() as output:
            child = os.fork()
            if not child:
                code = 77
                try:
                    code = run(at, output.fileno(), full=sys.argv[1] == "full")
                finally:
                    os._exit(code)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            results.append((code % _NONE_FAILED, os.fstat(output.fileno()).st_size))
        if code >= _NONE_FAILED:
            break
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main()
