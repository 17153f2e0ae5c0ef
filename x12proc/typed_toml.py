"""Read TOML into typed values, with errors that name the file, the key and the allowed values."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from x12proc.errors import ConfigError
from x12proc.findings import SEVERITIES

T = TypeVar("T")
LARGEST_TOML = 1024 * 1024  # bytes
_MOST_KEY_PARTS = 1000  # reading a dotted key takes time and memory that grow with the square of its parts
_LONG_KEY = re.compile(rb"^[ \t\[]*+(?:[^=#\r\n.]*+\.){%d}" % _MOST_KEY_PARTS, re.MULTILINE)
_ERROR_PATH = re.compile(r" - at `\$([^`]*)`\Z")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[[^\]]*\]")


def decode(text: bytes, shape: type[T], where: str) -> T:
    """Decode ``text`` as ``shape``. Raises ConfigError, which begins with ``where``, for anything else."""
    if len(text) > LARGEST_TOML:
        raise ConfigError(f"{where}: is larger than {LARGEST_TOML} bytes, which no configuration file is")
    if _LONG_KEY.search(text):
        raise ConfigError(f"{where}: not valid TOML: a key of over {_MOST_KEY_PARTS} parts")
    try:
        return msgspec.toml.decode(text, type=shape)
    except msgspec.ValidationError as error:
        raise _config_error(error, shape, where) from None
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: no UTF-8, a number of over 4,300 digits
        raise ConfigError(f"{where}: not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{where}: not valid TOML: nested too deeply") from None


def convert(table: dict[str, Any], shape: type[T], where: str) -> T:
    """Convert an untyped table to ``shape``. Raises ConfigError, which begins with ``where``."""
    try:
        return msgspec.convert(table, shape)
    except msgspec.ValidationError as error:
        raise _config_error(error, shape, where) from None


def _config_error(error: msgspec.ValidationError, shape: type[Any], where: str) -> ConfigError:
    return ConfigError(f"{where}: {error}{_allowed(str(error), shape)}")


def _allowed(error: str, shape: type[Any]) -> str:
    """Return the values allowed at the path of an error, if they can be listed; else empty."""
    found = _ERROR_PATH.search(error)
    node = inspect.type_info(shape)
    for step in _STEP.finditer(found[1] if found else ""):
        below = _below(node, step[1])
        if below is None:
            return ""
        node = below
    if isinstance(node, inspect.StructType) and "unknown field" in error:
        return f"; allowed are {', '.join(field.encode_name for field in node.fields)}"
    if isinstance(node, inspect.LiteralType):
        graded = set(node.values) == set(SEVERITIES)  # listed from grave to slight, not by letter
        return f"; allowed are {', '.join(map(str, SEVERITIES if graded else node.values))}"
    return ""


def _below(node: inspect.Type, key: str | None) -> inspect.Type | None:
    """The type of a key of a table, or of an entry of a list (no key)."""
    if key is None:
        return _bare(node.item_type) if isinstance(node, inspect.VarTupleType | inspect.ListType) else None
    if not isinstance(node, inspect.StructType):
        return None
    return next((_bare(field.type) for field in node.fields if field.encode_name == key), None)


def _bare(kind: inspect.Type) -> inspect.Type:
    """A type without its description, and without "or nothing"."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        kinds = [_bare(one) for one in kind.types if not isinstance(one, inspect.NoneType)]
        return kinds[0] if len(kinds) == 1 else kind
    return kind
