"""The key file of a record: 32 random bytes in hex, which only its owner may read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from x12proc.errors import ConfigError
from x12proc.record.keys import RecordKeys

_BYTES = 32
_LONGEST = 4096  # bytes of a key file; anything longer is another file


def create_key(path: Path) -> None:
    """Create a key file that only its owner may read. Raises ConfigError where there is a file already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path}: there is a file already; a record whose key is replaced is lost") from None
    except OSError as error:
        raise ConfigError(f"{path}: the key file can't be created: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path) -> RecordKeys:
    """Read a key file. Raises ConfigError where it is missing, no key, or open to other users."""
    try:
        with path.open("rb") as file:
            others = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077
            text = file.read(_LONGEST + 1).strip()
    except OSError as error:
        hint = "; 'x12proc record init' creates one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError(f"{path}: the key file can't be read: {error.strerror}{hint}") from None
    if others and os.name == "posix":
        raise ConfigError(f"{path}: other users may read the key file; chmod 600 it")
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        secret = b""
    if len(secret) < _BYTES:
        raise ConfigError(f"{path}: this is no key file: it needs at least {2 * _BYTES} hexadecimal digits")
    return RecordKeys(secret)
