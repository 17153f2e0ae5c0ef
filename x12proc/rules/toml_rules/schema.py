"""Make the JSON Schema of rule files in TOML, for editors, from the structs that validate them."""

from __future__ import annotations

from typing import Any

import msgspec

from x12proc.rules.base import ID_PATTERN
from x12proc.rules.toml_rules.facts import FACTS
from x12proc.rules.toml_rules.rule_file import RuleFile

_DIALECT = "http://json-schema.org/draft-07/schema#"  # the one that TOML editors know


def rule_file_schema() -> dict[str, Any]:
    """Return the schema, with the names of all facts and what each is."""
    _, parts = msgspec.json.schema_components([RuleFile], ref_template="#/definitions/{name}")
    definitions = {name: _plain(part) for name, part in parts.items()}
    facts = [{"const": name, "description": f"{fact.kind}: {fact.meaning}"} for name, fact in FACTS.items()]
    definitions["Fact"] = {"oneOf": facts}
    definitions["Condition"]["properties"]["fact"] = {"$ref": "#/definitions/Fact"}
    definitions["RuleTable"]["properties"]["at"] = {"$ref": "#/definitions/Fact"}
    definitions["RuleTable"]["properties"]["id"]["pattern"] = f"^{ID_PATTERN}$"
    whole = definitions.pop("RuleFile")
    return {"$schema": _DIALECT, **whole, "title": "x12proc rules", "definitions": definitions}


def _plain(part: Any) -> Any:
    """Convert a part of the schema for TOML: no null, no defaults, descriptions on one line."""
    if isinstance(part, list):
        return [_plain(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    if "anyOf" in part and {"type": "null"} in part["anyOf"]:
        (kind,) = (kind for kind in part["anyOf"] if kind != {"type": "null"})
        return _plain(kind)
    plain = {key: _plain(value) for key, value in part.items() if key != "default"}
    if isinstance(part.get("description"), str):
        plain["description"] = " ".join(part["description"].replace("``", "").split())
    return plain
