"""Records of predictions for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from x12proc.record.recorder import Recorder
from x12proc.record.store import PredictionStore, create_folder, open_folder
from x12proc.runner.files import Input
from x12proc.runner.runner import FileRun, Result, RunOptions
from x12proc.runner.settings import load_settings


@contextmanager
def record(folder: Path) -> Iterator[PredictionStore]:
    """Create the record in a folder, or open it, and close it at the end."""
    create_folder(folder)
    store = open_folder(folder)
    try:
        yield store
    finally:
        store.close()


def scrub_into(store: PredictionStore, *inputs: bytes | Path, config: Path | None = None) -> list[Result]:
    """Scrub inputs one after the other and record them."""
    settings = load_settings(config=config, hidden=True)
    options = RunOptions(recorder=Recorder(store, settings))
    return [FileRun(Input(data, "claims.edi"), settings, options).run() for data in inputs]
