"""The scrub options of a request, and the settings that result from them."""

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
    """The options that a request may set; None means the value of the configuration."""

    profile: str | None = None
    codes: tuple[str, ...] | None = None
    as_of: date | None = None
    conformance: Conformance | None = None
    guide_errors: GuideErrorPolicy | None = None


def parse_scrub_options(fields: Mapping[str, str]) -> ScrubOptions:
    """Parse the options in the fields of a request; empty fields are ignored. Raises ConfigError."""
    values: dict[str, object] = {name: value.strip() for name, value in fields.items() if value.strip()}
    if codes := fields.get("codes", "").strip():
        values["codes"] = [code.strip() for code in codes.split(",") if code.strip()]
    try:
        return msgspec.convert(values, ScrubOptions)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].strip("`") if "$." in str(error) else "a field"
        raise ConfigError(f"{name}: invalid value; the documentation lists the valid ones") from None


def settings_for(config: Path | None, options: ScrubOptions) -> Settings:
    """Return the settings for some options as of now. Raises ConfigError for unknown profiles or codes."""
    settings = _settings(config, options)
    if options.as_of is not None:
        return settings
    return msgspec.structs.replace(settings, now=datetime.now())  # noqa: DTZ005 - as in settings: local time


@lru_cache(maxsize=16)
def _settings(config: Path | None, options: ScrubOptions) -> Settings:
    return load_settings(config=config, hidden=True, **msgspec.structs.asdict(options))
