"""The catalog of file faults: code, severity, text, and the acknowledgement code that answers each.

TA105 (data element I18) answers an interchange, AK905 (716) a functional group, IK502 (618) a transaction set.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from x12proc.errors import X12SyntaxError

Severity: TypeAlias = Literal["warn", "error"]  # read all the same; the file fails
AckLevel: TypeAlias = Literal["interchange", "group", "set"]
WARN: Severity = "warn"
ERROR: Severity = "error"


class AckCode(msgspec.Struct, frozen=True):
    """The code that answers a fault: at which level, and whether that level is rejected for it."""

    level: AckLevel
    code: str
    rejects: bool = False


class FaultKind(msgspec.Struct, frozen=True):
    """One kind of fault. ``text`` is a format string; ``ack`` the code that answers the fault or None, and then
    ``no_ack`` says why. Where a fault has several texts, the kinds share its code and its answer."""

    code: str
    severity: Severity
    text: str
    ack: AckCode | None = None
    no_ack: str = ""

    def message(self, **values: object) -> str:
        """Fill the values into the text."""
        return self.text.format(**values)

    def error(self, offset: int, **values: object) -> X12SyntaxError:
        """Make the exception for bytes at which reading stops."""
        return X12SyntaxError(self.code, self.message(**values), offset)


# -- what X12 answers -------------------------------------------------------------------------------------------

PREMATURE_END = "023"  # TA105: improper (premature) end-of-file
GROUP_TRAILER_MISSING = "3"  # AK905
SET_TRAILER_MISSING = "2"  # IK502
_CUT_OFF = AckCode("interchange", PREMATURE_END, rejects=True)
# TA105 022, invalid control structure: envelopes don't close, or segments are outside of them.
_CONTROL_STRUCTURE = AckCode("interchange", "022", rejects=True)
# TA105 024, invalid interchange content (e.g., invalid GS segment).
_CONTENT = AckCode("interchange", "024", rejects=True)
_NO_GE = AckCode("group", GROUP_TRAILER_MISSING, rejects=True)
_NO_SE = AckCode("set", SET_TRAILER_MISSING, rejects=True)
# IK502 5, one or more segments in error: a claim that is too large to be read, and so can't be answered by itself.
_SEGMENTS_IN_ERROR = AckCode("set", "5", rejects=True)
_GROUP_NOT_SUPPORTED = AckCode("group", "1", rejects=True)
_GROUP_VERSION = AckCode("group", "2", rejects=True)  # functional group version not supported
_SET_NOT_SUPPORTED = AckCode("set", "1", rejects=True)
_SET_VERSION = AckCode("set", "I6", rejects=True)  # implementation convention not supported
_NO_INTERCHANGE = "there is no interchange"
_OUTSIDE = "is outside of any interchange"
_LAYOUT = "layout, for which X12 has no code; "

# -- the file ---------------------------------------------------------------------------------------------------

UNREADABLE = FaultKind("unreadable", ERROR, "The file can't be read: {reason}", no_ack=_NO_INTERCHANGE)
BAD_GZIP = FaultKind("bad-gzip", ERROR, "The gzip file is damaged or cut off", no_ack=_NO_INTERCHANGE)
GZIP_BOMB = FaultKind(
    "gzip-bomb", ERROR, "The gzip unfolds to over {ratio} times its size", no_ack=_NO_INTERCHANGE
)
EMPTY_FILE = FaultKind(
    "not-x12", ERROR, "The file is empty: this is not an X12 interchange", no_ack=_NO_INTERCHANGE
)
NO_ISA = FaultKind(
    "not-x12", ERROR, "No ISA segment was found: this is not an X12 interchange", no_ack=_NO_INTERCHANGE
)
FOREIGN_FORMAT = FaultKind(
    "not-x12", ERROR, "The file is {what}: this is not an X12 interchange", no_ack=_NO_INTERCHANGE
)
BYTE_ORDER_MARK = FaultKind(
    "byte-order-mark",
    WARN,
    "A UTF-8 byte order mark comes before an interchange; it was skipped",
    no_ack=_OUTSIDE,
)
STRAY_BYTES_BEFORE = FaultKind(
    "stray-bytes", ERROR, "Bytes that are not X12 come before the first interchange", no_ack=_OUTSIDE
)
STRAY_BYTES_AFTER = FaultKind(
    "stray-bytes", ERROR, "Bytes that are not X12 come after an interchange's IEA", no_ack=_OUTSIDE
)
FILL_AFTER_IEA = FaultKind(
    "fill-after-iea",
    WARN,
    "Fill (blanks, hexadecimal digits, a lone terminator) comes after an IEA; skipped",
    no_ack=_OUTSIDE,
)
UNREADABLE_ISA = FaultKind(
    "unreadable-isa",
    ERROR,
    "{most} ISA in a row can't be read; the rest of the file was not looked at",
    no_ack="says that nothing more was looked at; what could be named has been answered",
)

# -- ISA: where it can't be read there is no interchange, and only a TA1 answers --------------------------------

TRUNCATED_ISA = FaultKind(
    "truncated-isa",
    ERROR,
    "The ISA segment ends before its sixteenth element",
    no_ack="the ISA ends before it says who sent it",
)
BAD_DELIMITER = FaultKind(
    "bad-delimiter", ERROR, "The {name} is {byte!r}, which can't be a delimiter", _CONTROL_STRUCTURE
)
DELIMITER_CLASH = FaultKind(
    "delimiter-clash", ERROR, "The {name} and the {other} are the same byte {byte!r}", _CONTROL_STRUCTURE
)
ISA_PADDING = FaultKind(
    "isa-padding",
    WARN,
    "The fields of ISA are not padded to their fixed widths; read by separators",
    AckCode("interchange", "022"),
)
# TA105 016, invalid interchange standards identifier value: ISA11 before it held the repetition separator.
ISA11_REPETITION = FaultKind(
    "isa11-repetition",
    WARN,
    "ISA11 gives no repetition separator; none was assumed",
    AckCode("interchange", "016"),
)

# -- envelopes --------------------------------------------------------------------------------------------------

TRUNCATED_SET = FaultKind("truncated", ERROR, "The file ends inside a transaction set{lost}", _CUT_OFF)
TRUNCATED_GROUP = FaultKind("truncated", ERROR, "The file ends inside a functional group", _CUT_OFF)
TRUNCATED_INTERCHANGE = FaultKind("truncated", ERROR, "The file ends before the interchange's IEA", _CUT_OFF)
MISSING_TERMINATOR = FaultKind(
    "missing-terminator",
    WARN,
    "The last segment (IEA) has no terminator",
    AckCode("interchange", PREMATURE_END),
)
MISSING_IEA = FaultKind(
    "missing-iea", ERROR, "An ISA begins before the last interchange's IEA", _CONTROL_STRUCTURE
)
GS_INSIDE_GROUP = FaultKind("missing-ge", ERROR, "A GS begins before the last group's GE", _NO_GE)
END_INSIDE_GROUP = FaultKind("missing-ge", ERROR, "The interchange ends inside a functional group", _NO_GE)
GE_OUTSIDE_GROUP = FaultKind("missing-gs", ERROR, "A GE is outside of any group", _CONTENT)
ST_OUTSIDE_GROUP = FaultKind("missing-gs", ERROR, "An ST is outside of any group", _CONTENT)
GS_INSIDE_SET = FaultKind("missing-se", ERROR, "A GS begins inside a transaction set", _NO_SE)
GE_INSIDE_SET = FaultKind("missing-se", ERROR, "A GE is inside a transaction set", _NO_SE)
ST_INSIDE_SET = FaultKind("missing-se", ERROR, "An ST begins before the last set's SE", _NO_SE)
END_INSIDE_SET = FaultKind("missing-se", ERROR, "The interchange ends inside a transaction set", _NO_SE)
SE_OUTSIDE_SET = FaultKind("missing-st", ERROR, "An SE is outside of any transaction set", _CONTROL_STRUCTURE)
SEGMENT_OUTSIDE_SET = FaultKind("missing-st", ERROR, "{tag} is outside of any transaction set", _CONTROL_STRUCTURE)
SEGMENT_TOO_LONG = FaultKind(
    "segment-too-long", ERROR, "No segment terminator within {most} bytes", _CONTROL_STRUCTURE
)


class TrailerKinds(msgspec.Struct, frozen=True):
    """The faults of one trailer: a wrong count, another control number, and the same number written otherwise."""

    count: FaultKind
    control: FaultKind
    control_form: FaultKind


def _trailer(tag: str, counted: str, opened: str, count: AckCode, control: AckCode) -> TrailerKinds:
    code = tag.lower()
    form = AckCode(control.level, control.code)
    return TrailerKinds(
        FaultKind(f"{code}01-count", WARN, f"{tag}01 says {{sent}}; {counted} read: {{counted}}", count),
        FaultKind(
            f"{code}02-control",
            ERROR,
            f"The control number in {tag}02 differs from that in {opened}",
            control,
        ),
        FaultKind(
            f"{code}02-control",
            WARN,
            f"The control number in {tag}02 is not written as in {opened}",
            form,
        ),
    )


# TA105 021, invalid number of included groups value; 001, the control numbers in header and trailer do not match.
IEA = _trailer(
    "IEA", "functional groups", "ISA13", AckCode("interchange", "021"), AckCode("interchange", "001", rejects=True)
)
# AK905 5, number of included sets does not match actual count; 4, the control numbers do not agree.
GE = _trailer("GE", "transaction sets", "GS06", AckCode("group", "5"), AckCode("group", "4", rejects=True))
# IK502 4, number of included segments does not match actual count; 3, the control numbers do not match.
SE = _trailer("SE", "segments", "ST02", AckCode("set", "4"), AckCode("set", "3", rejects=True))
# Where line ends were interpreted, a wrong SE01 means that the claims' borders are in doubt.
SE_COUNT_IN_DOUBT = FaultKind(SE.count.code, ERROR, SE.count.text, AckCode("set", "4", rejects=True))

# -- damaged bytes ----------------------------------------------------------------------------------------------

STRAY_LINE_ENDS = FaultKind(
    "stray-line-ends",
    WARN,
    "Line ends are inside segments or in place of terminators; read without them",
    no_ack=f"{_LAYOUT}a count that it spoils is answered",
)
TOO_MANY_LINE_ENDS = FaultKind(
    "too-many-line-ends",
    ERROR,
    "Over {most} line ends are inside segments",
    _CONTROL_STRUCTURE,
)
EARLIER_NOTES = FaultKind(
    "annotated-before",
    WARN,
    "The file holds notes of x12proc already (NTE*TPO*X12PROC): no annotated file was written. Run x12proc "
    "restore on it first",
    no_ack="our own notes, which the guide allows",
)
LOWER_CASE_TAGS = FaultKind(
    "lower-case-tags",
    ERROR,
    "Segment tags are written in small letters: no claim can be read from them",
    _CONTENT,
)
BROKEN_TAG = FaultKind(
    "broken-tag",
    ERROR,
    "A segment was meant to be {tag}, but its tag can't be read: the claims after it are in doubt",
    _CONTENT,
)
CODE_OUTSIDE_CLAIM = FaultKind(
    "code-outside-claim",
    ERROR,
    "{tag} has the procedure code {code} and is in no claim: a CLM is missing, or an HL is out of place",
    _SEGMENTS_IN_ERROR,
)
NUL_BYTES = FaultKind(
    "nul-bytes",
    ERROR,
    "NUL bytes are inside the interchange: the file was damaged on its way",
    _CONTENT,
)
EMPTY_SEGMENTS = FaultKind(
    "empty-segments",
    WARN,
    "Empty segments (a terminator after a terminator) in the set: {count}; skipped",
    no_ack=f"{_LAYOUT}the count agrees without them",
)

# -- implementation guides --------------------------------------------------------------------------------------

WRONG_GROUP = FaultKind(
    "wrong-transaction",
    ERROR,
    "GS01 is {code}, not HC: this group holds no 837 claims",
    _GROUP_NOT_SUPPORTED,
)
GROUP_CODE = FaultKind(
    "group-code",
    WARN,
    "GS01 is {code}, not HC, although GS08 is {version}: read as a group of 837 claims",
    AckCode("group", "1"),
)
WRONG_SET = FaultKind("wrong-transaction", ERROR, "ST01 is {code}, not 837", _SET_NOT_SUPPORTED)
_VERSION_TEXT = "{element} is {version}, {known}; 005010X222A1 and 005010X223A2 are read"
WRONG_GROUP_VERSION = FaultKind("SYN10", ERROR, _VERSION_TEXT, _GROUP_VERSION)
WRONG_SET_VERSION = FaultKind("SYN10", ERROR, _VERSION_TEXT, _SET_VERSION)
# IK502 19, invalid transaction set implementation convention reference.
GUIDE_MISMATCH = FaultKind(
    "guide-mismatch", WARN, "ST03 {set_version} differs from GS08 {group_version}", AckCode("set", "19")
)
OLD_GUIDE = FaultKind(
    "old-guide",
    WARN,
    "{version} is superseded; read as {guide}",
    no_ack="an edition that is read: nothing is wrong with the set",
)
GUIDE_UNCHECKED = FaultKind(
    "guide-unchecked",
    WARN,
    "Conformance with {version} was not checked, here and in other sets: pyx12 has no map for it",
    no_ack="nothing is wrong with the set",
)
SET_WITHOUT_CLAIM = FaultKind(
    "set-without-claim",
    WARN,
    "The transaction set has no claim (CLM)",
    AckCode("set", "5"),
)
HL_LEVEL = FaultKind(
    "hl-level",
    ERROR,
    "HL03 is {level}, not 20, 22 or 23: what the claims below it belong to is in doubt",
    _SEGMENTS_IN_ERROR,
)
HL_PARENT = FaultKind(
    "hl-parent",
    WARN,
    "HL02 names another parent than the loop above it: the file can't be split",
    no_ack="the guide error HL2 is answered",
)

# -- claims, and faults of ours ---------------------------------------------------------------------------------

CLAIM_TOO_LONG = FaultKind("claim-too-large", ERROR, "A claim of over {most} bytes", _SEGMENTS_IN_ERROR)
TOO_MANY_SEGMENTS = FaultKind("claim-too-large", ERROR, "A claim of over {most} segments", _SEGMENTS_IN_ERROR)
RULE_CRASH = FaultKind(
    "rule-crash",
    ERROR,
    "Internal error: {crash}. The claim is not accepted; please report this with the rule's id",
    no_ack="our own fault: the claim is not accepted in the 277CA",
)
OWN_RULE_CRASH = FaultKind(
    RULE_CRASH.code,
    ERROR,
    "{crash}. The claim is not accepted; the author of the rule has to mend it",
    no_ack=RULE_CRASH.no_ack,
)
INTERNAL_FAULT = FaultKind(
    "internal-fault",
    ERROR,
    "Internal error: {fault}. Nothing was written; please report this",
    no_ack="our own fault: no artifact appears at all",
)

KINDS: tuple[FaultKind, ...] = (
    *(kind for kind in globals().copy().values() if isinstance(kind, FaultKind)),
    *(kind for trailer in (IEA, GE, SE) for kind in (trailer.count, trailer.control, trailer.control_form)),
)
# A code can have an answer of its own in a group and in a set.
_ACKS: dict[tuple[str, str, AckLevel], AckCode] = {
    (kind.code, kind.severity, kind.ack.level): kind.ack for kind in KINDS if kind.ack is not None
}


def ack_of(code: str, severity: str, *, in_transaction: bool) -> AckCode | None:
    """Return the code that answers a fault of an interchange, None where none does."""
    levels: tuple[AckLevel, ...] = ("interchange", "group", "set")
    if in_transaction:
        levels = ("interchange", "set", "group")
    found = (_ACKS.get((code, severity, level)) for level in levels)
    return next((ack for ack in found if ack is not None), None)
