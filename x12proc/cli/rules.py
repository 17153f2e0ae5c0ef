"""``x12proc rules``: what is checked, why, and how to fix it."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from x12proc.cli import complete
from x12proc.cli.app import config_option
from x12proc.errors import ConfigError
from x12proc.rules.describe import rule_document, rule_text
from x12proc.rules.toml_rules.schema import rule_file_schema
from x12proc.runner.settings import load_settings
from x12proc.runner.streams import write_output


@click.command()
@click.argument("rule_id", metavar="[ID]", required=False, shell_complete=complete.rules)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--schema", is_flag=True, help="Write the JSON Schema of rule files in TOML, for editors.")
@config_option
def command(rule_id: str | None, as_json: bool, schema: bool, config: Path | None) -> None:
    """List all rules, or explain one.

    \b
    x12proc rules                            one line a rule
    x12proc rules NDC01                      condition, reason, fix, codes, sources
    x12proc rules --json                     everything, for programs
    x12proc rules --config my.toml XHD01     one of your own
    x12proc rules --schema > rules.schema.json
    """
    if schema:
        click.echo(json.dumps(rule_file_schema(), indent=1))
        return
    rules = load_settings(config=config).rules
    if rule_id is not None and rule_id.upper() not in rules:
        family = [known for known in rules if known.startswith(rule_id.upper().rstrip("0123456789"))]
        near = f"; there are {', '.join(family)}" if family else "; 'x12proc rules' lists all of them"
        raise ConfigError(f"there is no rule {rule_id}{near}")
    chosen = [rules[rule_id.upper()]] if rule_id else list(rules.values())
    if as_json:
        documents = [rule_document(rule) for rule in chosen]
        text = msgspec.json.format(msgspec.json.encode(documents[0] if rule_id else documents), indent=2)
        write_output(text + b"\n")
    elif rule_id:
        click.echo(rule_text(chosen[0]))
    else:
        for rule in chosen:
            click.echo(f"{rule.id:6} {rule.severity:6}  {rule.summary}")
