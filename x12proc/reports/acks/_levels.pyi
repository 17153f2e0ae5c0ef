"""The compiled patient levels of a 277CA; see x12proc.reports.acks.patient_levels."""

version: str

def patient_levels(
    text: bytes,
    position: int,
    terminator: bytes,
    element: bytes,
    component: bytes,
    institutional: bool,
    level: int,
    provider: int,
    subscriber: bytes,
    patient: bytes,
    status: bytes,
    today: bytes,
    /,
) -> tuple[bytes, int, int, int, int]: ...
