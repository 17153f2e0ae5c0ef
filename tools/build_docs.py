"""Write docs/rules/ from the rules themselves. With --check: say what is out of date, and write nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from x12proc.rulebook import rule_index, rule_page
from x12proc.rules import all_rules

FOLDER = Path(__file__).parent.parent / "docs" / "rules"


def pages() -> dict[str, str]:
    """The text of every page by file name."""
    rules = all_rules()
    return {"README.md": rule_index(rules), **{f"{rule.id}.md": rule_page(rule) for rule in rules.values()}}


def stale(folder: Path = FOLDER) -> list[str]:
    """The pages that differ from what the rules say, are missing, or belong to no rule."""
    wanted = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main() -> int:
    """Write the pages, or check them."""
    old = stale()
    if "--check" in sys.argv[1:]:
        print("\n".join(old) or "docs/rules is up to date")
        return bool(old)
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for name in old:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    print(f"{len(wanted)} pages, {len(old)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
