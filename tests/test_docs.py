"""The documents agree with the program: generated pages are fresh, links, paths and commands exist."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from x12proc.cli.app import app
from x12proc.reports.acks.ack_999 import rule_codes
from x12proc.rules import all_rules
from x12proc.rules.sources import SOURCES
from x12proc.wire import faults

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "design").glob("*.md")])
#: Documents that newcomers read first, and that name files of the package.
GUIDES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", *(f"docs/design/{name}.md" for name in
          ("decisions", "guide-checks", "speed")))  # fmt: skip


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the arguments of each x12proc command in the code blocks and code spans of a page."""
    text = page.read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    lines = [
        line for kind, block in blocks if kind in ("", "sh") for line in block.replace("\\\n", " ").splitlines()
    ]
    spans = re.findall(r"`(x12proc [^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))
    for line in [*lines, *spans]:
        found = re.match(r"(?:\$ |cat \S+ \| |\.venv/bin/)?x12proc\s((?:[a-z]|--).*)", line.strip(), re.DOTALL)
        if found:  # three blanks set off a remark; '<', '>', '|' and ';' end the arguments
            yield shlex.split(re.split(r" #|   |[<>|;]", found[1])[0])


def test_what_is_generated_is_fresh() -> None:
    """Rule pages, the generated part of docs/profiles.md, and the JSON Schema of profiles."""
    build_docs = import_module("build_docs")

    assert build_docs.stale() == [], "run 'make docs'"


def test_everything_that_exists_is_documented() -> None:
    """Commands, options, artifacts, keys, routes, rules, facts and names of the Python API."""
    inventory = import_module("inventory")

    assert {kind.what: kind.missing for kind in inventory.kinds() if kind.missing} == {}
    assert all(kind.names for kind in inventory.kinds())
    without_scrub = (ROOT / "docs" / "commands.md").read_text().replace("## x12proc scrub", "## something else")
    lacking = {kind.what: kind.missing for kind in inventory.kinds({"commands.md": without_scrub}) if kind.missing}
    assert lacking["commands"] == ["x12proc scrub"]
    assert "x12proc scrub --emit" in lacking["options of commands"]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for name, heading in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text()):
        if "://" in name:
            continue
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{name} in {page_id(page)}"
        if heading and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}
            assert heading in slugs, f"#{heading} in {page_id(page)}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_and_their_options_exist(page: Path) -> None:
    for words in commands(page):
        arguments = list(words)
        command: click.Command = app
        context = click.Context(app, info_name="x12proc")
        while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
            known = command.get_command(context, arguments.pop(0))
            assert known is not None, (page_id(page), words)
            command, context = known, click.Context(known, parent=context, info_name=known.name)
        command.make_parser(context).parse_args(arguments)  # raises for an option that does not exist


@pytest.mark.parametrize("name", GUIDES)
def test_paths_of_the_repository_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    for path in re.findall(r"`((?:x12proc|tests|tools|config|fixtures|docs)/[\w./-]+)`", text):
        found = ROOT / path
        assert found.exists() or found.with_suffix(".py").exists() or "NAR19" in path, path


def test_the_overview_lists_every_page() -> None:
    overview = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        path = page.relative_to(ROOT / "docs").as_posix()
        if path != "README.md" and not re.fullmatch(r"rules/[A-Z]+\d+\.md|examples/.*", path):
            assert f"]({path})" in overview, path


def test_architecture_stays_short_and_the_glossary_links_to_it() -> None:
    assert len((ROOT / "docs" / "architecture.md").read_text().split()) < 1000
    for name in ("README.md", "docs/architecture.md"):
        assert "glossary.md)" in (ROOT / name).read_text()


def test_terms_of_the_glossary_are_defined_once() -> None:
    terms = re.findall(r"^\*\*([^*]+)\*\*:", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert len(terms) == len(set(terms)) >= 25


def test_ci_tries_every_python_that_is_declared() -> None:
    declared = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r'"(3\.\d+)"', workflow)[: len(declared)] == declared
    assert ".ci/run" in workflow


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_rule_is_documented_in_full(rule) -> None:  # type: ignore[no-untyped-def]  # a Rule, by parametrize
    for text in (rule.summary, rule.why, rule.fix, rule.where, rule.name):
        assert len(text) > 5
    assert rule.summary.endswith(".")
    assert rule.sources
    assert all(source in SOURCES for source in rule.sources)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.name)
    if rule.severity == "reject":
        assert rule.confidence != "field"
        assert rule.sources != ("MEM",), "field knowledge alone never rejects"
        assert re.fullmatch(r"A[0-9]:[0-9]+", rule.status)


def test_acknowledgement_pages_list_every_fault_and_its_code() -> None:
    text = (ROOT / "docs" / "acknowledgements.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for kind in faults.KINDS:
        assert f"`{kind.code}`" in text, kind.code
        if kind.ack is not None:
            listed = [row for row in rows if f"`{kind.code}`" in row]
            assert any(re.search(rf"\b{kind.ack.code}\b", row) for row in listed), kind
    for rule, (of_segment, of_element) in rule_codes().items():
        row = next(row for row in rows if row.startswith(f"| {rule} |"))
        assert all(f" {code} " in row for code in (of_segment, of_element) if code), rule
