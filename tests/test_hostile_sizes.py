"""Large files made to cost memory: each ends with a result, within 300 MB.

By default claims are nearly as large as any that is read, which costs most. X12PROC_HOSTILE_MB=60 takes files of
60 MB, whose claim is refused.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.edi import base

MEGABYTES = int(os.environ.get("X12PROC_HOSTILE_MB", "12"))
MOST_MEGABYTES = 300
KINDS = {
    "line-ends": (b"a\n", b"~"),
    "only-line-ends": (b"\n", b""),
    "element-separators": (b"*", b"~"),
    "component-separators": (b":", b"~"),
    "blanks": (b" ", b"~"),
    "one-segment": (b"X", b"~"),
    "not-ascii": (b"\xe9", b"~"),
    "tiny-segments": (b"A~", b""),
    "terminators": (b"~", b""),
}
RUN = """
import re
from x12proc.cli import main
try:
    main()
except SystemExit as exit:
    # Not ru_maxrss, which begins with the memory of the process that started this one.
    with open("/proc/self/status") as status:
        print(exit.code, int(re.search(r"VmHWM:\\s+([0-9]+)", status.read())[1]) // 1024)
"""


def hostile(kind: str, megabytes: int) -> bytes:
    """Return a claim with so much of one thing in a segment of its line."""
    unit, end = KINDS[kind]
    sound = base()
    at = sound.index(b"LX*1~")
    begin = b"" if kind in ("only-line-ends", "tiny-segments", "terminators") else b"REF*G1*"
    return sound[:at] + begin + unit * (megabytes * 1_000_000 // len(unit)) + end + sound[at:]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux, to measure the memory")
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_file_ends_within_bounds(kind: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / ("claims.edi.gz" if packed else "claims.edi")
    # A claim as large as is read at all costs most; what is larger is refused.
    data = hostile(kind, min(MEGABYTES, 11) if MEGABYTES < 60 else MEGABYTES)
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    command = [sys.executable, "-c", RUN, "scrub", str(path), "-o", str(tmp_path / "out")]
    command += ["--emit", "json,html,annotated,999,277ca,accepted,rejected"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    code, peak = map(int, done.stdout.splitlines()[-1].split())
    assert code in (0, 1, 3), done.stderr
    assert "Internal" not in done.stderr + done.stdout
    assert peak <= MOST_MEGABYTES
