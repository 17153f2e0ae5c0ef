"""Puts the configuration into a wheel, and compiles the C files of x12proc when one is built or installed.

Where that can't be done (no compiler, no headers of Python) the package is the same without it, in Python alone.
X12PROC_COMPILE=0 leaves it out, as for a wheel that is to run everywhere.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

MODULES = {
    "x12proc.wire._native": "x12proc/wire/_native.c",
    "x12proc.wire._split": "x12proc/wire/_split.c",
    "x12proc.reports.acks._levels": "x12proc/reports/acks/_levels.c",
}
# What a user edits lies at the top of the repository and travels inside the wheel. What the reference edition is
# built from is of no use there: the tools that build it aren't in the wheel either.
CONFIG, LEFT_OUT = "config", "config/reference/sources/"
DEMO = "fixtures/demo"  # what 'x12proc demo' writes


class CompileNative(BuildHookInterface[Any]):
    """What hatchling calls before it builds a wheel, an editable one too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Take the configuration along and compile, which makes the wheel one for this machine."""
        if version == "standard":  # an installation that can be edited reads it where it lies
            build_data["force_include"].update(shipped_config(Path(self.root)) | demo_files(Path(self.root)))
        if os.environ.get("X12PROC_COMPILE") == "0":
            return
        compiled = compile_native(Path(self.root), self.metadata.version)
        if len(compiled) < len(MODULES):
            self.app.display_warning(
                f"not all of {', '.join(MODULES.values())} could be compiled; x12proc does without, more slowly"
            )
        if not compiled:
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"] += [path.relative_to(self.root).as_posix() for path in compiled]


def shipped_config(root: Path) -> dict[str, str]:
    """The files of the configuration and where in the wheel they go."""
    files = (path.relative_to(root).as_posix() for path in sorted((root / CONFIG).rglob("*")) if path.is_file())
    return {name: f"x12proc/{name}" for name in files if not name.startswith(LEFT_OUT)}


def demo_files(root: Path) -> dict[str, str]:
    """The demo files and where in the wheel they go."""
    return {f"{DEMO}/{path.name}": f"x12proc/demo/{path.name}" for path in sorted((root / DEMO).glob("*.edi"))}


def compile_native(root: Path, version: str) -> list[Path]:
    """Return the compiled modules, beside their sources; those that could not be compiled are left out."""
    extensions = [
        Extension(
            module,
            [source],
            define_macros=[("X12PROC_VERSION", f'"{version}"')],
            extra_compile_args=[] if sys.platform == "win32" else ["-std=c11", "-O3"],
            optional=True,
        )
        for module, source in MODULES.items()
    ]
    command = build_ext(Distribution({"ext_modules": extensions}))
    command.ensure_finalized()
    command.build_lib = str(root)
    compiled = [root / command.get_ext_filename(module) for module in MODULES]
    for path in compiled:
        path.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        command.build_temp = scratch
        before = Path.cwd()
        os.chdir(root)
        try:
            command.run()
        finally:
            os.chdir(before)
    return [path for path in compiled if path.exists()]
