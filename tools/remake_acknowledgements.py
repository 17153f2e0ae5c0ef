"""Write fixtures/acknowledgements anew. With --check: say what differs, and write nothing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from x12proc.cli.logs import configure
from x12proc.runner.files import Input
from x12proc.runner.runner import FileRun, RunOptions
from x12proc.runner.settings import load_settings

FIXTURES = Path(__file__).parent.parent / "fixtures"
FOLDER = FIXTURES / "acknowledgements"
INPUTS = (*sorted((FIXTURES / "demo").glob("*.edi")), FOLDER / "envelopes.edi")
KINDS = ("999", "277ca", "ta1")
AS_OF = date(2024, 4, 1)


def fresh() -> dict[str, bytes]:
    """Every acknowledgement of every input, by file name."""
    settings = load_settings(as_of=AS_OF)
    with tempfile.TemporaryDirectory() as folder:
        for path in INPUTS:
            FileRun(Input(path), settings, RunOptions(emit=KINDS, destination=Path(folder))).run()
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def kept() -> dict[str, bytes]:
    """The acknowledgements as they lie in the folder."""
    return {path.name: path.read_bytes() for path in _files()}


def _files() -> Iterator[Path]:
    for kind in KINDS:
        yield from sorted(FOLDER.glob(f"*.{kind}.edi"))


def main() -> int:
    """Write the files, or compare them."""
    configure("error")
    new, old = fresh(), kept()
    changed = sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))
    if "--check" in sys.argv[1:]:
        print("\n".join(changed) or "fixtures/acknowledgements is up to date")
        return bool(changed)
    for name in changed:
        if name in new:
            (FOLDER / name).write_bytes(new[name])
        else:
            (FOLDER / name).unlink()
    print(f"{len(new)} acknowledgements, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
