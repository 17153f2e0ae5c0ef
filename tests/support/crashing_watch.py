"""Watch once and kill this process after a step: crashing_watch.py FEED.toml STEP COUNT."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Event

import structlog

from x12proc.feed.feed_file import load_feed_file
from x12proc.feed.watch import Watch


def main() -> None:
    path, wanted, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    seen = 0

    def on_step(name: str) -> None:
        nonlocal seen
        seen += name == wanted
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    Watch(load_feed_file(path), Event(), on_step).run(once=True)


if __name__ == "__main__":
    main()
