"""Values that a shell completes: rules, profiles, artifacts, feeds, and files.

Each function is called by click with the word typed so far. A configuration that can't be read completes nothing,
since a shell has no room for an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from x12proc.errors import ConfigError


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a file."""
    return [CompletionItem(incomplete, type="file")]


def folders(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a folder."""
    return [CompletionItem(incomplete, type="dir")]


def rules(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of a built-in rule, in any case. Rules of a user are Python, which Tab must not run."""
    from x12proc.rules import all_rules  # noqa: PLC0415 - loaded when Tab is pressed

    return [
        CompletionItem(rule.id, help=rule.name)
        for rule in all_rules().values()
        if rule.id.startswith(incomplete.upper())
    ]


def profiles(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a profile, built in or in a profile folder of the configuration."""
    from x12proc.runner.settings import load_profiles  # noqa: PLC0415 - loaded when Tab is pressed

    names = {*load_profiles()[0].names(), *_own_profiles(ctx)}
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


def _own_profiles(ctx: click.Context) -> list[str]:
    from x12proc.cli.app import find_config  # noqa: PLC0415 - app.py imports nothing of this module
    from x12proc.runner.settings import load_config  # noqa: PLC0415 - loaded when Tab is pressed

    named = ctx.params.get("config")
    config = Path(named) if named else find_config()
    if config is None:
        return []
    try:
        folders = load_config(config).profile_folders
    except ConfigError:
        return []
    return [path.stem for folder in folders for path in (config.parent / folder).glob("*.toml")]


def artifacts(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the last of several artifacts with commas between them."""
    from x12proc.runner.artifacts import EMITTED  # noqa: PLC0415 - loaded when Tab is pressed

    return _of_list(EMITTED, incomplete)


def feeds(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a feed in the feed file, which is the one of --file or FEED.toml."""
    try:
        from x12proc.feed.feed_file import load_feed_file  # noqa: PLC0415 - loaded when Tab is pressed

        found = load_feed_file(Path(ctx.params.get("feed_file") or "FEED.toml")).feeds
    except (ConfigError, ModuleNotFoundError):  # the extra 'feed' is not installed
        return []
    return [CompletionItem(feed.name) for feed in found if feed.name.startswith(incomplete)]


def _of_list(values: Iterable[str], incomplete: str) -> list[CompletionItem]:
    before, comma, last = incomplete.rpartition(",")
    taken = before.split(",")
    return [
        CompletionItem(f"{before}{comma}{value}")
        for value in values
        if value.startswith(last) and value not in taken
    ]
