"""How a file is to be scrubbed, as its sender asks, and the settings that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from x12proc.errors import ConfigError
from x12proc.runner.pool import Conformance
from x12proc.runner.settings import GuideErrorPolicy, Settings, load_settings


class ScrubOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a request may set; what is None is as the configuration has it."""

    profile: str | None = None
    codes: tuple[str, ...] | None = None
    as_of: date | None = None
    conformance: Conformance | None = None
    guide_errors: GuideErrorPolicy | None = None


def parse_question(fields: Mapping[str, str]) -> ScrubOptions:
    """The question that the fields of a request ask; empty ones say nothing. Raises ConfigError."""
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    codes = given.pop("codes", None)
    asked: dict[str, object] = {**given}
    if codes is not None:
        asked["codes"] = [code.strip() for code in codes.split(",") if code.strip()]
    try:
        return msgspec.convert(asked, ScrubOptions)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].strip("`") if "$." in str(error) else "a field"
        raise ConfigError(f"{name}: not a value that can stand there; the documentation lists them") from None


def answer_settings(config: Path | None, question: ScrubOptions) -> Settings:
    """The settings for a question, now. Raises ConfigError for what does not exist."""
    settings = _settings(config, question)
    if question.as_of is not None:
        return settings
    return msgspec.structs.replace(settings, now=datetime.now())  # noqa: DTZ005 - as in settings: local time


@lru_cache(maxsize=16)
def _settings(config: Path | None, question: ScrubOptions) -> Settings:
    return load_settings(config=config, **msgspec.structs.asdict(question))
