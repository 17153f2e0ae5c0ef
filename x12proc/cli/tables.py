"""Helpers of the commands about reference tables: choose the edition, report a malformed one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from x12proc.cli.app import config_option
from x12proc.errors import ConfigError
from x12proc.runner.settings import load_config

own_config = config_option


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """Tell of a malformed table as what it is, a faulty configuration."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(str(error)) from None


def edition_folder(config: Path | None) -> Path | None:
    """The folder of the edition that the configuration names; None for the shipped one."""
    named = load_config(config).reference_folder
    return (config.parent if config else Path()) / named if named else None
