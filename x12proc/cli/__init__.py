"""The command line: one file a command, each of them thin."""

from __future__ import annotations

from x12proc.cli.app import main

__all__ = ["main"]
