"""A user's own rules: Python and TOML files named in the configuration, and installed packages.

They are declared like ours and obey the same checks. Files are read anew for each configuration, and nothing of
one configuration is known to another. What can't be imported or declares a bad rule is a ConfigError that names
the file and the reason.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec

from x12proc.errors import ConfigError
from x12proc.rules import all_rules
from x12proc.rules.base import Rule, declared, remove_declarations
from x12proc.rules.toml_rules.rule_file import parse_rules

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "x12proc.rules"  # the entry points of installed packages


class CustomRules(msgspec.Struct, frozen=True):
    """Rules that are not built in: by id, and with the sources that reports name."""

    rules: dict[str, Rule] = {}
    files: dict[str, str] = {}  # name and SHA-256
    packages: dict[str, str] = {}  # distribution and version

    def with_ours(self) -> dict[str, Rule]:
        """All rules by id, in order of id."""
        return dict(sorted({**all_rules(), **self.rules}.items()))


def load_own_rules(files: Sequence[Path]) -> CustomRules:
    """The rules of installed packages and of files. Raises ConfigError."""
    rules: dict[str, Rule] = {}
    packages: dict[str, str] = {}
    for entry in _entry_points():
        name, version = (entry.dist.name, entry.dist.version) if entry.dist else (entry.name, "")
        _add(rules, _package_rules(entry, name), f"package {name}")
        packages[name] = version
    hashes: dict[str, str] = {}
    for path in files:
        found, digest = _file_rules(path)
        _add(rules, found, str(path))
        hashes[path.name if path.name not in hashes else f"{path.parent.name}/{path.name}"] = digest
    own = CustomRules(rules, hashes, packages)
    _check_suppression(own)
    return own


def _add(rules: dict[str, Rule], found: Mapping[str, Rule], where: str) -> None:
    if not found:
        raise ConfigError(
            f"{where}: declares no rule; decorate a function with line_rule or claim_rule, or add a [[rule]]"
        )
    for rule_id, rule in found.items():
        if rule_id in rules:
            raise ConfigError(f"{where}: the id {rule_id} is taken by a rule of another file or package")
        rules[rule_id] = rule


def _check_suppression(own: CustomRules) -> None:
    known = own.with_ours()
    for rule in own.rules.values():
        unknown = [other for other in rule.suppressed_by if other not in known]
        if unknown:
            raise ConfigError(f"rule {rule.id}: suppressed_by names {', '.join(unknown)}, which does not exist")


def _entry_points() -> list[EntryPoint]:
    """Return the entry points of our group, in order of name. importlib.metadata takes longer to load than all our
    own modules but two, and few installations have a package with rules: it is loaded only if there may be one."""
    if not any(_may_have_rules(Path(folder or ".")) for folder in sys.path):
        return []
    from importlib.metadata import entry_points  # noqa: PLC0415 - see the docstring

    return sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))


def _may_have_rules(folder: Path) -> bool:
    """Return whether a folder of sys.path has a distribution that names our group; true for what is no folder, as
    a zip file."""
    if not folder.is_dir():
        return folder.exists()
    names = [*folder.glob("*.dist-info/entry_points.txt"), *folder.glob("*.egg-info/entry_points.txt")]
    return any(GROUP.encode() in path.read_bytes() for path in names)


def _package_rules(entry: EntryPoint, name: str) -> dict[str, Rule]:
    try:
        module = entry.load()
    except (Exception, SystemExit) as error:  # whatever a package does on import, it is reported as a ConfigError
        raise ConfigError(f"package {name}: {entry.value} can't be imported: {_reason(error)}") from None
    if not isinstance(module, ModuleType):
        raise ConfigError(f"package {name}: entry point {entry.name} must name a module, not {entry.value}")
    return declared(module.__name__)


def _file_rules(path: Path) -> tuple[dict[str, Rule], str]:
    """The rules of a file, and its SHA-256. Python is run as a module of its own, without leaving bytecode."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}") from None
    name = f"x12proc_rule_file_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    if path.suffix.lower() == ".toml":
        return parse_rules(text, str(path), name), hashlib.sha256(text).hexdigest()
    remove_declarations(name)
    sys.modules[name] = module  # typed classes in the file look their module up by name
    try:
        exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the user's own code
    except (Exception, SystemExit) as error:  # whatever the file does, it is reported with its line
        del sys.modules[name]
        raise ConfigError(f"{path}{_line(error, path)}: {_reason(error)}") from None
    return declared(name), hashlib.sha256(text).hexdigest()


def _line(error: BaseException, path: Path) -> str:
    """Return the line of the file that raised: ``, line 12``."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f", line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f", line {lines[-1]}" if lines else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"not valid Python: {error.msg}"
    if isinstance(error, ValueError) and str(error).startswith(
        "rule "
    ):  # a wrong declaration, with the message of its decorator
        return str(error)
    return f"{type(error).__name__}: {error}"
