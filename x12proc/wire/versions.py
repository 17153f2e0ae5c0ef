"""Which implementation guide a set is to be read by (GS01, GS08, ST01, ST03)."""

from __future__ import annotations

from x12proc.wire.events import field

PROFESSIONAL, INSTITUTIONAL = "005010X222A1", "005010X223A2"
CURRENT = frozenset(("005010X222A1", "005010X222A2", "005010X223A2", "005010X223A3"))
_READ_AS = {
    "005010X222": PROFESSIONAL,
    "005010X222A1": PROFESSIONAL,
    "005010X222A2": PROFESSIONAL,
    "005010X223": INSTITUTIONAL,
    "005010X223A1": INSTITUTIONAL,
    "005010X223A2": INSTITUTIONAL,
    "005010X223A3": INSTITUTIONAL,
}
_OTHERS = {
    "004010": "a 4010 guide",
    "005010X224": "the dental guide 837D",
    "005010X221": "remittance advice 835",
    "005010X231": "the acknowledgement 999",
    "005010X214": "the claim acknowledgement 277CA",
}
Remark = tuple[str, str, str]  # code, message, severity


def claim_type(guide: str) -> str:
    """``P`` for the professional guide, ``I`` for the institutional one."""
    return "P" if guide == PROFESSIONAL else "I"


def check_group(fields: tuple[str, ...]) -> tuple[str, str] | None:
    """Why a group can't hold 837 claims (code, message), or None when it can."""
    functional, version = field(fields, 1), field(fields, 8)
    if functional != "HC":
        return (
            "wrong-transaction",
            f"GS01 is {functional[:20] or 'empty'}, not HC: this group holds no 837 claims",
        )
    if version.startswith("004010") or any(version.startswith(other) for other in _OTHERS):
        return "SYN10", _wrong_guide("GS08", version)
    return None


def check_transaction(fields: tuple[str, ...], group_version: str) -> tuple[str | None, list[Remark]]:
    """The guide to read a set by, or None, and what is to be said of it. ST03 decides, else GS08."""
    code, version = field(fields, 1), field(fields, 3)
    if code != "837":
        return None, [("wrong-transaction", f"ST01 is {code[:20] or 'empty'}, not 837", "error")]
    guide = _READ_AS.get(version)
    by_group = _READ_AS.get(group_version)
    if any(version.startswith(other) for other in _OTHERS):
        return None, [("SYN10", _wrong_guide("ST03", version), "error")]
    if guide is None and by_group is None:
        named = _wrong_guide("ST03", version) if version else _wrong_guide("GS08", group_version or "empty")
        return None, [("SYN10", named, "error")]
    return guide or by_group, _variants(version, group_version)


def effective_version(fields: tuple[str, ...], group_version: str) -> str:
    """The version whose text a set is to keep to: what it names (ST03, else GS08), or what that is read as."""
    version = field(fields, 3)
    version = version if version in _READ_AS else group_version
    return version if version in CURRENT else _READ_AS.get(version, version)


def _variants(version: str, group_version: str) -> list[Remark]:
    if version != group_version:
        return [
            (
                "guide-mismatch",
                f"ST03 {version[:20] or 'empty'} differs from GS08 {group_version[:20] or 'empty'}",
                "warn",
            )
        ]
    if version not in CURRENT:
        return [("old-guide", f"{version} is superseded; read as {_READ_AS.get(version)}", "warn")]
    return []


def _wrong_guide(element: str, version: str) -> str:
    known = next(
        (text for head, text in _OTHERS.items() if version.startswith(head)), "not an 837 guide known here"
    )
    return f"{element} is {version[:20]}, {known}; 005010X222A1 and 005010X223A2 are read"
