"""Descriptions of rules for the terminal and for the generated documentation."""

from __future__ import annotations

import textwrap
from typing import Any

from x12proc.rules import retired
from x12proc.rules.base import Rule
from x12proc.rules.shared.denial_words import remittance_words, status_words
from x12proc.rules.sources import Source

CONFIDENCE = {
    "verified": "verified in a source",
    "proposed": "sourced or deduced; the answer codes are proposed",
    "field": "field knowledge only, so it never rejects by default",
}
_NEEDS = {
    "diagnoses": "the ICD-10-CM codes of the service date",
    "codes": "the HCPCS codes of the service date",
    "products": "a product table with the NDC",
    "drugs": "a table with the drug, by its NDC or its name",
    "marketing": "the marketing dates of FDA's NDC Directory, which are not shipped: without them the rule is off",
}
_NO_CHECKS = {
    "Merged into another rule": retired.MERGED,
    "Waiting for data": retired.NEEDS_DATA,
    "Retired: a claim can't decide it": retired.RETIRED,
    "Profiles, not checks": retired.PROFILES,
}
_TYPES = {"P": "837P", "I": "837I"}


def rule_document(rule: Rule) -> dict[str, Any]:
    """Return everything of a rule but its check, as plain values."""
    facts = {
        field: getattr(rule, field)
        for field in rule.__struct_fields__
        if field
        not in (
            "check",
            "options",
            "level",
            "cited",
            "drug_only",
            "without_targets",
            "needs",
            "same_as_guide",
            "ack_999",
            "fixer",
        )
    }
    facts["options"] = {
        name: {"default": option.default, "meaning": option.meaning} for name, option in rule.options.items()
    }
    facts["status_words"] = {
        code: words for code in (rule.status, rule.second_status) if (words := status_words(code))
    }
    facts["remittance_words"] = dict(remittance_words(rule.carc, rule.rarc))
    facts["sources"] = [
        {"key": key, "title": source.title, "url": source.url}
        for key, source in zip(rule.sources, rule.cited, strict=True)
    ]
    return facts


def rule_text(rule: Rule) -> str:
    """Return a rule explained for a terminal."""
    parts = [
        f"{rule.id}  {rule.name}  ({rule.severity})",
        wrapped(rule.summary),
        wrapped(rule.why),
        wrapped(f"Fix: {rule.fix}"),
        "\n".join(f"{name:13} {value}" for name, value in rule_facts(rule)),
        "\n".join(
            wrapped(f"{key}  {source.title} {source.url}".rstrip())
            for key, source in zip(rule.sources, rule.cited, strict=True)
        ),
    ]
    return "\n\n".join(parts)


def rule_facts(rule: Rule) -> list[tuple[str, str]]:
    """Return the short facts of a rule: name and value."""
    codes = " ".join(code for code in (rule.status, rule.second_status) if code)
    facts = [
        (
            "Claims",
            " and ".join(_TYPES[name] for name in rule.claim_types)
            + (", lines that bill J3590 only" if rule.biologics_only else ""),
        ),
        ("Where", rule.where),
        ("Claim status", codes or "none"),
        *(("", f"{code}: {words}") for code in codes.split() if (words := status_words(code))),
        ("Remittance", " ".join((rule.carc, *rule.rarc)).strip() or "none"),
        *(("", f"{code}: {words}") for code, words in remittance_words(rule.carc, rule.rarc)),
        ("Confidence", CONFIDENCE[rule.confidence]),
    ]
    if rule.needs:
        facts.append(("Needs", "; ".join(_NEEDS[need] for need in rule.needs)))
    if rule.suppressed_by:
        facts.append(("Suppressed by", f"{', '.join(rule.suppressed_by)}, for the same fault"))
    for name, option in rule.options.items():
        facts.append(("Option", f"{name} = {format_value(option.default)}: {option.meaning}"))
    facts.append(("First version", rule.first_version))
    return facts


def rule_module(rule: Rule) -> str:
    """Return the file that decides a rule, from the top of the repository: ``x12proc/rules/nar/label.py``."""
    return f"{rule.check.__module__.replace('.', '/')}.py"


def rule_page(rule: Rule) -> str:
    """Return the page of a rule in the documentation."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in [("Severity", rule.severity), *rule_facts(rule)])
    sources = "\n".join(
        f"- {key}: {source_link(source)}" for key, source in zip(rule.sources, rule.cited, strict=True)
    )
    module = rule_module(rule)
    rows += f"\n| Code | [{module}](../../{module}) |"
    return (
        f"# {rule.id} {rule.name}\n\n{rule.summary}\n\n## Why\n\n{rule.why}\n\n## Fix\n\n{rule.fix}\n\n"
        f"## Facts\n\n| | |\n|---|---|\n{rows}\n\n## Sources\n\n{sources}\n"
    )


def rule_index(rules: dict[str, Rule]) -> str:
    """Return the page that lists all rules."""
    lines = ["# Rules", "", "Generated from the rules themselves by `make docs`.", ""]
    lines += ["| Rule | Severity | What is wrong |", "|---|---|---|"]
    lines += [f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.summary} |" for rule in rules.values()]
    for title, entries in _NO_CHECKS.items():
        lines += ["", f"## {title}", "", *(f"- {rule_id}: {reason}" for rule_id, reason in entries.items())]
    return "\n".join(lines) + "\n"


def source_link(source: Source) -> str:
    """Return a source's title as a Markdown link, without the link where it has no address."""
    return f"[{source.title}]({source.url})" if source.url else source.title


def format_value(value: object) -> str:
    """Return an option's value in words."""
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def wrapped(text: str) -> str:
    """Wrap a text to 100 columns; addresses stay whole."""
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)
