"""The Python API of an installed x12proc; tools/release_check.py runs it in fresh environments."""

from __future__ import annotations

import sys
from pathlib import Path

import x12proc
from x12proc.testing import Claim, Line, interchange


def main(fixtures: Path) -> int:
    """0 when claims are read and scrubbed by the package that is installed, not by one in a source tree."""
    home = Path(x12proc.__file__).resolve()
    if not home.is_relative_to(Path(sys.prefix).resolve()):
        sys.stderr.write(f"x12proc was imported from {home}\n")
        return 1
    read = [claim.id for claim in x12proc.read(fixtures / "demo" / "hospital-837i.edi")]
    rejected = [claim.rejected for claim in x12proc.scrub(fixtures / "demo" / "clinic-837p.edi", profile=None)]
    made = [claim.rejected for claim in x12proc.scrub(interchange(Claim(lines=(Line("J3590", "500"),))))]
    return 0 if "H5001" in read and {True, False} <= set(rejected) and made == [True] else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
