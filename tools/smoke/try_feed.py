"""A file in a watched folder is scrubbed, archived and reported; run where x12proc[feed] is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

FEED = """
[ledger]
url = "sqlite:///ledger.db"
[feeds.clinic]
inbox = "in"
outbox = "out"
archive = "archive"
quarantine = "quarantine"
work = "work"
emit = ["json", "annotated"]
settle_seconds = 0
"""


def main(fixtures: Path) -> int:
    """0 when the file went the whole way; its claims are rejected in part, so the command ends with 1."""
    Path("feed.toml").write_text(FEED, encoding="utf-8")
    Path("in").mkdir()
    shutil.copy(fixtures / "demo" / "clinic-837p.edi", "in")
    done = subprocess.run([sys.executable, "-m", "x12proc", "watch", "feed.toml", "--once"], check=False)
    archived, reported = Path("archive").rglob("clinic-837p.edi"), Path("out").rglob("clinic-837p.report.json")
    return 0 if done.returncode == 1 and any(archived) and any(reported) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
