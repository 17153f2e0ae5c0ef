"""The package's names are established words, its root is small, and a long module says why it is one."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "x12proc"
MODULES = sorted(PACKAGE.rglob("*.py"))
# Private words of earlier versions: offset, index, reported, state, matched, text, cache, check, services, options
# and restore say the same to everybody.
OLD_WORDS = frozenset(
    "place mark told stand stands heard spoken silence judge desk question revive".split()  # noqa: SIM905 - readable
)
# Terms of the field: the place of service, its table, and the byte order mark.
TERMS = re.compile(r"place_of_service|\b_?places\b|byte_order_mark", re.IGNORECASE)
MOST_IN_ROOT = 12
LONGEST = 450  # lines, without a reason in the module's docstring
# Classes that two packages call by the same name of the field.
SAME_NAME = frozenset(
    [
        "Change",
        "Claim",
        "ClaimRow",
        "Difference",
        "Envelopes",
        "FileResult",
        "Hit",
        "Key",
        "Licence",
        "Note",
        "Paperwork",
        "Party",
        "Reference",
        "Source",
        "StrayCode",
        "Strength",
        "Totals",
    ]
)


def words_of(name: str) -> set[str]:
    """The words of an identifier in small letters."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_identifiers_have_no_private_words(path: Path) -> None:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    names = {token.string for token in tokens if token.type == tokenize.NAME}
    assert {name for name in names if words_of(TERMS.sub("", name)) & OLD_WORDS} == set()


def test_the_root_is_small() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_IN_ROOT


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_long_module_says_why(path: Path) -> None:
    source = path.read_text()
    if source.count("\n") > LONGEST:
        assert re.search(r"\bone (file|class)\b", ast.get_docstring(ast.parse(source)) or "")


def test_no_further_class_name_is_defined_twice() -> None:
    names = Counter(
        node.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in names.items() if count > 1} <= SAME_NAME
