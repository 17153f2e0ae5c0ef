"""The compiled passes against the Python that is their specification; and the program without them."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_run import PIECES, calls, compiled, in_python, split_arguments
from support.edi import CLINIC, FIXTURES, GUIDE_FAULTS, HOSPITAL

from x12proc.version import __version__
from x12proc.wire import accelerated
from x12proc.wire.segment import Segment

ROOT = Path(__file__).parent.parent.parent
MODULES = ("wire._native", "wire._split", "reports.acks._levels")
COMPILER = shutil.which("cc")
DEMO = [CLINIC, HOSPITAL, GUIDE_FAULTS]
WITHOUT = "import sys; " + "".join(f"sys.modules['x12proc.{name}'] = None; " for name in MODULES)
try:
    from x12proc.reports.acks import _levels, patient_levels
    from x12proc.wire import _native, _split
except ImportError:
    assert os.environ.get("CI") != "true", "CI has a compiler"
    pytest.skip("nothing was compiled: needs a C compiler when the package is installed", allow_module_level=True)


def run(*command: str | Path, code: int = 0, **environment: str) -> str:
    """What a program prints; ``code`` is the exit code that it must have."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_what_was_compiled_is_used() -> None:
    assert _native.version == _split.version == _levels.version == __version__
    assert patient_levels.patient_levels is _levels.patient_levels
    assert accelerated.find_boundaries is _native.find_boundaries
    assert accelerated.code_positions is _native.code_positions
    assert accelerated.count is _native.count
    assert accelerated.has_stray_line_ends is _native.has_stray_line_ends
    assert accelerated.split_ascii is _split.split_ascii


@settings(max_examples=400)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=80)), max_size=60), st.integers(0, 10**9))
def test_both_give_the_same_answers(pieces: list[bytes], seed: int) -> None:
    for name, arguments in calls(b"".join(pieces), random.Random(seed)):
        assert compiled(name)(*arguments) == in_python(name)(*arguments)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 64 * 255, 64 * 256 + 1, 100_000])
def test_counts_at_the_borders_of_their_blocks(size: int) -> None:
    assert _native.count(b"~" * size, b"~", 0, size) == size
    assert _native.count(b"~" * size, b"~", 0, size + 9) == size
    assert _native.count(b"~" * size, b"~", size + 1, size) == 0
    ended = b"~\n" * (size // 2 + 1)
    assert not _native.has_stray_line_ends(ended, b"~")
    assert _native.has_stray_line_ends(ended + b"\n", b"~")


def test_wrong_arguments_are_refused() -> None:
    carried = (0, b"", b"", False, 0)
    with pytest.raises(ValueError, match="outside of the text"):
        _levels.patient_levels(b"", 1, b"~", b"*", b":", False, 1, 1, b"", b"", b"", b"")
    with pytest.raises(ValueError, match="before the text"):
        _native.count(b"~~~", b"~", -1, 2)
    with pytest.raises(ValueError, match="empty code"):
        _native.find_boundaries(b"~", b"~", b"*", (b"",), *carried)
    with pytest.raises(TypeError):
        _native.find_boundaries(b"~", b"~", b"*", ("J3590",), *carried)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        _native.has_stray_line_ends("text", b"~")  # type: ignore[arg-type]
    for raw, error in ((b"ST*\xe9~", ValueError), ("ST~", TypeError)):
        with pytest.raises(error):
            compiled("split_ascii")(raw, *split_arguments(b"", random.Random(1))[1:])


def test_an_error_in_a_callback_ends_the_split() -> None:
    def fails(elements: tuple[str, ...]) -> str:
        raise LookupError(elements[0])

    with pytest.raises(LookupError, match="CLM"):
        compiled("split_ascii")(
            b"BHT*1~CLM*2~",
            *split_arguments(b"", random.Random(1))[1:3],
            b"~",
            b"*",
            b"\n",
            9,
            Segment,
            frozenset(("CLM",)),
            frozenset(),
            "",
            fails,
        )
    with pytest.raises(TypeError):
        compiled("split_ascii")(b"BHT*1~", 0, 0, b"~", b"*", b"\n", 9, int, frozenset(), frozenset(), "", fails)


def test_one_of_another_version_is_not_used() -> None:
    said = run(
        sys.executable,
        "-c",
        "from x12proc.wire import _native, _split; _native.version = _split.version = '0'; import importlib\n"
        "from x12proc.wire import accelerated; importlib.reload(accelerated)\n"
        "print(accelerated.find_boundaries is accelerated.find_boundaries_py, accelerated.split_ascii)",
    )
    assert said == "True None\n"


def test_without_it_the_scanner_is_the_same() -> None:
    arguments = ["tests/wire/test_scanner.py", "tests/reports/test_annotate.py"]
    said = run(sys.executable, "-c", f"{WITHOUT}import pytest; raise SystemExit(pytest.main({arguments!r}))")
    assert re.search(r"\d{2,} passed", said)


def test_without_it_the_artifacts_are_the_same(tmp_path: Path) -> None:
    wanted = ["--as-of", "2024-04-01", "--emit", "json,annotated,999,277ca,accepted,rejected"]
    for name, before in (("with", ""), ("without", WITHOUT)):
        program = f"{before}from x12proc.cli import main; main()"
        run(
            sys.executable, "-c", program, "--log-level", "error",
            "scrub", FIXTURES / "demo", "-o", tmp_path / name, *wanted, code=1,
        )  # fmt: skip
    written = sorted(path.name for path in (tmp_path / "with").iterdir())
    assert len(written) >= 10
    for name in written:
        assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes(), name


@pytest.mark.skipif(COMPILER is None and os.environ.get("CI") != "true", reason="needs a C compiler")
def test_no_byte_outside_of_a_text_is_read(tmp_path: Path) -> None:
    """Compiled with checks of every access and of undefined behavior, which end the process."""
    assert COMPILER is not None
    library = run(COMPILER, "-print-file-name=libasan.so").strip()
    if not Path(library).is_absolute():  # a compiler without it
        assert os.environ.get("CI") != "true"
        pytest.skip("the compiler brings no address sanitizer")
    package = tmp_path / "x12proc"
    shutil.copytree(ROOT / "x12proc", package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    shutil.copytree(ROOT / "config", package / "config")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"]
    for source in (name.replace(".", "/") for name in MODULES):
        run(
            COMPILER, "-std=c11", "-O1", "-g", "-shared", "-fPIC", *checks, "-Wno-unused-parameter",
            f'-DX12PROC_VERSION="{__version__}"', f"-I{sysconfig.get_path('include')}",
            f"{ROOT / 'x12proc' / source}.c", "-o", f"{package / source}{suffix}",
        )  # fmt: skip
    said = run(
        sys.executable,
        ROOT / "tests" / "wire" / "passes_run.py",
        *DEMO,
        PYTHONPATH=str(tmp_path),
        PYTHONMALLOC="malloc",  # else texts lie side by side in large blocks, where nothing is noticed
        LD_PRELOAD=library,
        ASAN_OPTIONS="detect_leaks=0",
    )
    assert int(said.split()[0]) > 20_000
