"""What assistants may ask, as five calls that read and never write: check a claim, explain a finding, explain a
rule, look up a drug or code, propose fixes.

Input is masked before it is scrubbed, unless the user said otherwise: names, ids and numbers of people in an
answer are then pseudonyms. Positions in segments are those of the input.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from x12proc.api import Scrubber, ScrubRun
from x12proc.cli.lookup import lookup_document
from x12proc.errors import ConfigError, X12SyntaxError
from x12proc.mask.factory import make_masker
from x12proc.mask.pseudonyms import Key
from x12proc.reports.document import fault_document
from x12proc.reports.edi.edits import apply
from x12proc.rules.describe import rule_document
from x12proc.runner.files import Input, OpenInput
from x12proc.runner.settings import Settings, load_settings

Answer: TypeAlias = dict[str, Any]
LARGEST = 5_000_000  # bytes; an answer about more would help nobody
MOST_CLAIMS = 50  # of an answer
_FINDING = ("rule", "severity", "message", "fix", "location", "value")


class Assistant:
    """The five calls under one configuration. Each raises ConfigError for a wrong argument."""

    def __init__(self, config: Path | None = None, *, masked: bool = True) -> None:
        self._config = config
        self._settings: Settings = load_settings(config=config)
        self._key = Key(secrets.token_bytes(32)) if masked else None

    def check_claim(
        self, edi: str | None = None, path: str | None = None, profile: str | None = None, as_of: str | None = None
    ) -> Answer:
        """Return status, faults, and each claim with its findings, rejected claims first."""
        run, claims = self._scrub(edi, path, profile, as_of)
        assert run.result is not None, "all claims have been taken"
        claims = sorted(claims, key=lambda claim: claim["disposition"] != "rejected")
        return {
            "status": run.result.summary.status,
            "claims": [_claim_answer(claim) for claim in claims[:MOST_CLAIMS]],
            "claims_left_out": max(0, len(claims) - MOST_CLAIMS),
            "errors": [fault_document(fault) for fault in run.result.faults],
            "masked": self._key is not None,
        }

    def explain_finding(
        self,
        rule: str,
        segment_index: int,
        edi: str | None = None,
        path: str | None = None,
        profile: str | None = None,
        as_of: str | None = None,
    ) -> Answer:
        """Return a finding of a file, the line that it is on, and its rule."""
        _, claims = self._scrub(edi, path, profile, as_of)
        for claim in claims:
            for line, finding in _findings(claim):
                if (finding["rule"], finding["location"]["segment_index"]) == (rule.upper(), segment_index):
                    about = {key: claim[key] for key in ("claim_id", "type", "payer", "profile", "disposition")}
                    return {"finding": finding, "claim": about, "line": line, "rule": self.explain_rule(rule)}
        location = f"segment {segment_index}"
        raise ConfigError(f"the file has no finding of {rule.upper()} at {location}; check_claim lists them")

    def explain_rule(self, rule: str) -> Answer:
        """Return what a rule checks, why, how it is fixed, and what payers answer."""
        found = self._settings.rules.get(rule.upper())
        if found is None:
            raise ConfigError(f"there is no rule {rule}; 'x12proc rules' lists all of them")
        document: Answer = msgspec.to_builtins(rule_document(found))
        return document

    def look_up(self, text: str, on: str | None = None) -> Answer:
        """Return what the tables have of a drug, an NDC or a HCPCS code on a service date."""
        return lookup_document(self._settings.reference, text, _day(on))

    def propose_fix(
        self, edi: str | None = None, path: str | None = None, profile: str | None = None, as_of: str | None = None
    ) -> Answer:
        """Return the corrections that x12proc would make: certain ones and likely ones, for a person to read."""
        _, claims = self._scrub(edi, path, profile, as_of)
        fixes = [
            {"claim_id": claim["claim_id"], "line": line["number"], **fix}
            for claim in claims
            for line in claim["lines"]
            for fix in line["fixes"]
        ]
        return {"fixes": fixes, "masked": self._key is not None}

    def _scrub(
        self, edi: str | None, path: str | None, profile: str | None, as_of: str | None
    ) -> tuple[ScrubRun, list[Answer]]:
        data = _contents(edi, path)
        if self._key is not None:
            data = _masked(data, self._key, self._settings)
        scrubber = Scrubber(config=self._config, profile=profile, as_of=as_of)
        run = scrubber.scrub(data, name="claims.edi")
        claims: list[Answer] = []
        try:
            claims.extend(result.to_dict() for result in run)
        except X12SyntaxError:  # the faults are in the answer
            assert run.result is not None, "a file that failed has been read as far as it goes"
        return run, claims


def _contents(edi: str | None, path: str | None) -> bytes:
    if (edi is None) == (path is None):
        raise ConfigError("give edi, the text of an 837 file, or path, where it is")
    if edi is not None:
        data = edi.encode("utf-8", "replace")
    else:
        try:
            with OpenInput(Input(Path(path or ""))) as opened:
                if opened.size > LARGEST:
                    raise ConfigError(f"the file is larger than {LARGEST} bytes; use x12proc scrub")
                data = opened.buffer[0 : opened.size]
        except OSError as error:
            raise ConfigError(f"the file can't be read: {error.strerror}") from None
        except X12SyntaxError as error:
            raise ConfigError(str(error)) from None
    if len(data) > LARGEST:
        raise ConfigError(f"the text is larger than {LARGEST} bytes; use x12proc scrub")
    return data


def _masked(data: bytes, key: Key, settings: Settings) -> bytes:
    """Return a file with pseudonyms; dates are kept, as rules depend on them."""
    masker = make_masker(data, key, 0, settings.as_of, settings.reference.lexicon())
    try:
        return b"".join(apply(data, masker.edits()))
    except X12SyntaxError as error:
        raise ConfigError(f"the file can't be masked: {error}") from None


def _claim_answer(claim: Answer) -> Answer:
    findings = [{"line": line["number"] if line else None, **_brief(one)} for line, one in _findings(claim)]
    kept = ("claim_id", "type", "segment_index", "charge", "payer", "profile", "disposition", "guide_errors")
    return {**{key: claim[key] for key in kept}, "findings": findings}


def _brief(finding: Answer) -> Answer:
    return {key: finding[key] for key in _FINDING}


def _findings(claim: Answer) -> Sequence[tuple[Answer | None, Answer]]:
    """Return the findings of a claim, each with its line; None for the claim as a whole."""
    of_lines = [(line, finding) for line in claim["lines"] for finding in line["findings"]]
    return [*((None, finding) for finding in claim["findings"]), *of_lines]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(f"on={text!r}: this is no date; write it like 2026-11-23") from None
