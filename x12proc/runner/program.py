"""What made a report: the program, its rules and profiles, the reference tables, the guide checks."""

from __future__ import annotations

from pyx12 import __version__ as pyx12_version

from x12proc.engine.document import Document
from x12proc.runner.settings import RULES_EDITION, Settings
from x12proc.version import __version__


def program_document(settings: Settings) -> Document:
    """Return the program, rules, profiles, reference tables and guide checks that made a report."""
    checked = settings.conformance != "off"
    return {
        "version": __version__,
        "rules_edition": RULES_EDITION,
        "as_of": settings.as_of.isoformat(),
        "reference_editions": settings.reference.editions(),
        "profile_files": settings.profile_hashes,
        "rule_files": settings.own_rules.files,
        "rule_packages": settings.own_rules.packages,
        "conformance": {
            "mode": settings.conformance,
            "validator": f"pyx12 {pyx12_version}" if checked else None,
        },
    }
