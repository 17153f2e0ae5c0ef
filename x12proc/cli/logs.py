"""Logging on standard error: for people on a terminal, JSON lines otherwise. Never an element's value."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str | None) -> None:
    """Set structlog up for this process."""
    terminal = sys.stderr.isatty()
    wanted = level or ("error" if terminal else "info")
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[wanted.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
