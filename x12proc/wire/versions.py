"""Versions: the implementation guide that a set is read by (GS01, GS08, ST01, ST03)."""

from __future__ import annotations

import msgspec

from x12proc.wire import faults
from x12proc.wire.events import field
from x12proc.wire.faults import FaultKind

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
# GS01 of groups that hold 837 claims all the same: HP, the code of remittances, is in public files.
_MEANT_HC = frozenset(("HC", "HP"))
_OTHERS = {
    "004010": "a 4010 guide",
    "005010X224": "the dental guide 837D",
    "005010X221": "remittance advice 835",
    "005010X231": "the acknowledgement 999",
    "005010X214": "the claim acknowledgement 277CA",
}


class Remark(msgspec.Struct, frozen=True):
    """A fault of a GS or ST: its kind and the values of its text."""

    kind: FaultKind
    values: dict[str, str]


def claim_type(guide: str) -> str:
    """Return ``P`` for the professional guide, ``I`` for the institutional one."""
    return "P" if guide == PROFESSIONAL else "I"


def check_group(fields: tuple[str, ...]) -> Remark | None:
    """Return the fault of a GS, or None. The group holds 837 claims unless it is an error."""
    functional, version = field(fields, 1), field(fields, 8)
    if functional != "HC" and version in _READ_AS and functional.strip().upper() in _MEANT_HC:
        return Remark(faults.GROUP_CODE, {"code": functional[:20] or "empty", "version": version})
    if functional != "HC":
        return Remark(faults.WRONG_GROUP, {"code": functional[:20] or "empty"})
    if _is_other_guide(version):
        return _wrong_version(faults.WRONG_GROUP_VERSION, "GS08", version)
    return None


def check_transaction(fields: tuple[str, ...], group_version: str) -> tuple[str | None, list[Remark]]:
    """Return the guide to read a set by, or None, and the faults of its ST. ST03 decides, else GS08."""
    code, version = field(fields, 1), field(fields, 3)
    if code != "837":
        return None, [Remark(faults.WRONG_SET, {"code": code[:20] or "empty"})]
    guide = _READ_AS.get(version)
    by_group = _READ_AS.get(group_version)
    if _is_other_guide(version):
        return None, [_wrong_version(faults.WRONG_SET_VERSION, "ST03", version)]
    if guide is None and by_group is None:
        element, named = ("ST03", version) if version else ("GS08", group_version or "empty")
        return None, [_wrong_version(faults.WRONG_SET_VERSION, element, named)]
    return guide or by_group, _variants(version, group_version)


def effective_version(fields: tuple[str, ...], group_version: str) -> str:
    """Return the version whose text a set must keep to: the one it names (ST03, else GS08), or the one that is
    read in its place."""
    version = field(fields, 3)
    version = version if version in _READ_AS else group_version
    return version if version in CURRENT else _READ_AS.get(version, version)


def _variants(version: str, group_version: str) -> list[Remark]:
    if version != group_version:
        values = {"set_version": version[:20] or "empty", "group_version": group_version[:20] or "empty"}
        return [Remark(faults.GUIDE_MISMATCH, values)]
    if version not in CURRENT:
        return [Remark(faults.OLD_GUIDE, {"version": version, "guide": _READ_AS[version]})]
    return []


def _is_other_guide(version: str) -> bool:
    return any(version.startswith(other) for other in _OTHERS)


def _wrong_version(kind: FaultKind, element: str, version: str) -> Remark:
    known = next(
        (text for head, text in _OTHERS.items() if version.startswith(head)), "not an 837 guide known here"
    )
    return Remark(kind, {"element": element, "version": version[:20], "known": known})
