"""The pytest plugin: folder cases and rule fixtures as tests, one test a case.

Configured in the ``[tool.pytest.ini_options]`` of whoever's cases they are::

    x12proc_cases = ["cases"]           # folders with cases; nothing is collected without them
    x12proc_config = "x12proc.toml"     # optional: own rules, profiles and reference edition

Everything but pytest is imported when the first case is collected, so that other test runs pay nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from x12proc.replay.cases import CaseOutcome, ReplayCase
    from x12proc.runner.settings import Settings

_SETTINGS = pytest.StashKey["Settings"]()


class CaseDiffers(Exception):  # noqa: N818 - said as pytest shows it
    """A case is not as expected."""

    def __init__(self, outcome: CaseOutcome) -> None:
        super().__init__(outcome.text or outcome.error)
        self.outcome = outcome


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two settings."""
    parser.addini("x12proc_cases", "Folders with x12proc's fixture cases.", type="paths", default=[])
    parser.addini("x12proc_config", "The x12proc.toml with your own rules and profiles.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Beside ``testpaths`` the case folders are collected; whoever names paths gets those and no others."""
    for folder in _folders(config):
        if not folder.exists():
            raise pytest.UsageError(f"x12proc_cases: there is no folder {folder}")
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        roots = [Path(argument).absolute() for argument in config.args]
        config.args += [
            str(folder) for folder in _folders(config) if not any(folder.is_relative_to(root) for root in roots)
        ]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """A collector for what holds cases below one of the case folders."""
    if file_path.suffix not in (".edi", ".toml"):
        return None
    if not any(file_path.is_relative_to(folder) for folder in _folders(parent.config)):
        return None
    from x12proc.replay.cases import is_case_path

    return Cases.from_parent(parent, path=file_path) if is_case_path(file_path) else None


def _folders(config: pytest.Config) -> list[Path]:
    folders: list[Path] = config.getini("x12proc_cases")
    return folders


def _settings(config: pytest.Config) -> Settings:
    """The settings that all cases share, loaded once. Raises ConfigError."""
    if _SETTINGS not in config.stash:
        from x12proc.runner.settings import load_settings

        name = config.getini("x12proc_config")
        config.stash[_SETTINGS] = load_settings(config=_beside_ini(config) / name if name else None)
    return config.stash[_SETTINGS]


def _beside_ini(config: pytest.Config) -> Path:
    return config.inipath.parent if config.inipath else config.rootpath


class Cases(pytest.File):
    """The input of a folder case, or a rule fixture."""

    def collect(self) -> Iterator[CaseItem]:
        """One item a case."""
        from x12proc.errors import ConfigError
        from x12proc.replay.cases import cases_at

        try:
            settings = _settings(self.config)
            for case in cases_at(self.path):
                yield CaseItem.from_parent(self, name=case.name, case=case, settings=settings)
        except ConfigError as error:
            raise self.CollectError(str(error)) from None


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: ReplayCase, settings: Settings, **others: Any) -> None:
        super().__init__(**others)
        self._case = case
        self._settings = settings

    def runtest(self) -> None:
        """Raises CaseDiffers when the case is not as expected, or can't be run."""
        from x12proc.replay.cases import run_case

        outcome = run_case(self._case, self._settings)
        if outcome.error or outcome.differences:
            raise CaseDiffers(outcome)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> Any:  # as pytest declares it
        """The difference, readable, and what to do when it is meant."""
        if not isinstance(excinfo.value, CaseDiffers):
            return super().repr_failure(excinfo, style)
        outcome = excinfo.value.outcome
        if outcome.error:
            return f"{self.name} can't be run: {outcome.error}"
        name = self.config.getini("x12proc_config")
        own = f" --config {_beside_ini(self.config) / name}" if name else ""
        update = f"\nIf this is meant: x12proc replay {outcome.case.path} --update{own}"
        advice = update if outcome.rewritable else ""
        return f"{self.name} is not as expected\n{outcome.text}{advice}"

    def reportinfo(self) -> tuple[Path, None, str]:
        """The file and the case's name."""
        return self.path, None, self.name
