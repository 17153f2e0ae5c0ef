"""The kinds of trouble, never mixed.

A claim that lacks documentation is a :class:`~x12proc.findings.Finding` and a file that breaks its envelope
a :class:`~x12proc.wire.events.Fault`: both are values that end in reports. What is defined here is raised.
"""

from __future__ import annotations


class X12ProcError(Exception):
    """Base of everything that x12proc raises on purpose."""


class X12SyntaxError(X12ProcError):
    """Bytes that can't be read as X12.

    ``offset`` is the 0-based byte in the file where reading stopped.
    """

    def __init__(self, code: str, message: str, offset: int) -> None:
        super().__init__(f"{message} (byte {offset})")
        self.code = code
        self.message = message
        self.offset = offset


class ConfigError(X12ProcError):
    """Wrong usage or configuration: nothing was read. The message says where and what is allowed."""


class CanceledError(X12ProcError):
    """A run was canceled by its caller; nothing of it was written."""


class UnavailableError(X12ProcError):
    """Something outside of the program, such as a database, can't be used now; it usually can later."""


class RuleError(X12ProcError):
    """A rule raised on a claim: our fault, and never taken for acceptance. ``error`` is the exception's type."""

    def __init__(self, rule_id: str, claim_segment_index: int, error: str) -> None:
        super().__init__(f"rule {rule_id} crashed with {error}")
        self.rule_id = rule_id
        self.claim_segment_index = claim_segment_index


class InternalError(X12ProcError):
    """The program found that what it wrote is not what it meant to write: nothing of it may be published."""
