"""Prints how the program agrees with the judged claims: ``python tools/judged_score.py [PART OF AN ID ...]``.

Exit code 1 when a clean claim is rejected or a fault is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from judged.judged_claims import described, load, run, score


def main(arguments: Sequence[str]) -> int:
    """Print the score and every disagreement; with parts of ids, all that was found on those claims."""
    wanted = [claim for claim in load() if not arguments or any(part in claim.id for part in arguments)]
    outcomes = [run(claim) for claim in wanted]
    for one in outcomes:
        if one.disagreement or arguments:
            print(described(one))
    print(score(outcomes))
    return int(any(one.false_rejection or one.miss for one in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
