"""Make the JSON Schema of profile files, for editors, from the structs that validate a profile."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from x12proc.profiles.profiles import ProfileFile
from x12proc.rules.base import ID_PATTERN, Option, Rule, builtin_families

_DIALECT = "http://json-schema.org/draft-07/schema#"  # the one that TOML editors know
_TYPES = {bool: "boolean", int: "integer", str: "string"}
_BYPASS = ("reason", "by", "until")


def profile_schema(rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return the schema, with the ids of these rules and the options of each.

    Ids of others' rules pass as long as they can't be ours.
    """
    _, parts = msgspec.json.schema_components([ProfileFile], ref_template="#/definitions/{name}")
    definitions = {name: _plain(part) for name, part in parts.items()}
    entry = definitions["Entry"]
    entry["properties"]["id"].update(oneOf=[*map(_named, rules.values()), _foreign(rules)])
    entry["allOf"] = [_options_of(rule) for rule in rules.values() if rule.options]
    entry["allOf"].append(
        _when({"enum": [rule.id for rule in rules.values() if not rule.options]}, {"maxProperties": 0})
    )
    entry["dependencies"] = {key: [other for other in _BYPASS if other != key] for key in _BYPASS}
    whole = definitions.pop("ProfileFile")
    return {"$schema": _DIALECT, **whole, "title": "x12proc payer profile", "definitions": definitions}


def _plain(part: Any) -> Any:
    """Convert a part of the schema for TOML: no null, no defaults (all are empty), texts on one line."""
    if isinstance(part, list):
        return [_plain(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    if "anyOf" in part and {"type": "null"} in part["anyOf"]:
        (kind,) = (kind for kind in part["anyOf"] if kind != {"type": "null"})
        return _plain(kind)
    plain = {key: _plain(value) for key, value in part.items() if key != "default"}
    if isinstance(part.get("description"), str):
        plain["description"] = " ".join(inspect.cleandoc(part["description"]).replace("``", "").split())
    return plain


def _named(rule: Rule) -> dict[str, Any]:
    return {"const": rule.id, "description": rule.summary}


def _foreign(rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return the schema of the id of a custom rule, which is not built in."""
    others = sorted({rule.id for rule in rules.values() if rule.family not in builtin_families()})
    taken = [f"(?:{'|'.join(sorted(builtin_families()))})[0-9]", *others]
    return {"pattern": f"^(?!{'|'.join(taken)}){ID_PATTERN}$", "description": "A rule of your own."}


def _options_of(rule: Rule) -> dict[str, Any]:
    options = {name: _option(option) for name, option in rule.options.items()}
    return _when({"const": rule.id}, {"properties": options, "additionalProperties": False})


def _when(rule_id: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the options for entries of these rules."""
    return {
        "if": {"properties": {"id": rule_id}, "required": ["id"]},
        "then": {"properties": {"options": options}},
    }


def _option(option: Option) -> dict[str, Any]:
    if isinstance(option.default, tuple):
        kind: dict[str, Any] = {"type": "array", "items": {"type": "string"}, "default": list(option.default)}
    else:
        kind = {"type": _TYPES[type(option.default)], "default": option.default}
    return {**kind, "description": option.meaning}
