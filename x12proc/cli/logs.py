"""Set up the log on standard error: text on a terminal, JSON lines otherwise. Never an element's value."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog


def configure(level: str | None = None, form: Literal["json", "text"] | None = None) -> None:
    """Set up structlog for this process. Without a form a terminal gets text, and by default errors only."""
    terminal = sys.stderr.isatty()
    wanted = level or ("error" if terminal and form is None else "info")
    as_text = form == "text" or (form is None and terminal)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=terminal) if as_text else structlog.processors.JSONRenderer()
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
