"""What peers do with a file, each as a process of its own: ``peers.py NAME FILE``. Prints how much they read.

Only what a peer is asked to do here is timed: the same file, read to its end. Most of them tokenise; none of them
knows a rule about drugs.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable
from pathlib import Path


def pyx12_reader(path: Path) -> int:
    """pyx12's tokenizer: segments with their elements, envelopes counted."""
    import pyx12.x12file

    with path.open(encoding="ascii") as file:
        return sum(1 for _ in pyx12.x12file.X12Reader(file))


def pyx12_context(path: Path) -> int:
    """pyx12's reader with the guide's map: every segment with its loop."""
    import pyx12.error_handler
    import pyx12.params
    import pyx12.x12context

    with path.open(encoding="ascii") as file:
        reader = pyx12.x12context.X12ContextReader(pyx12.params.params(), pyx12.error_handler.errh_null(), file)
        return sum(1 for _ in reader.iter_segments())


def pyx12_validate(path: Path) -> int:
    """pyx12's validation of a whole file against its guide, with a 999."""
    import pyx12.params
    import pyx12.x12n_document

    answer = io.StringIO()
    pyx12.x12n_document.x12n_document(pyx12.params.params(), str(path), answer, None)
    return answer.getvalue().count("~")


def lfh_segments(path: Path) -> int:
    """LinuxForHealth x12: segments."""
    from linuxforhealth.x12.io import X12SegmentReader

    with X12SegmentReader(str(path)) as reader:
        return sum(1 for _ in reader.segments())


def lfh_models(path: Path) -> int:
    """LinuxForHealth x12: validated models of transaction sets."""
    from linuxforhealth.x12.io import X12ModelReader

    with X12ModelReader(str(path)) as reader:
        return sum(1 for _ in reader.models())


PEERS: dict[str, Callable[[Path], int]] = {
    "pyx12-reader": pyx12_reader,
    "pyx12-context": pyx12_context,
    "pyx12-validate": pyx12_validate,
    "lfh-segments": lfh_segments,
    "lfh-models": lfh_models,
}

if __name__ == "__main__":
    logging.disable()
    print(PEERS[sys.argv[1]](Path(sys.argv[2])))
