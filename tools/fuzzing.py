"""Feeds the program ever new bytes and holds it to its promises: ``fuzzing.py --minutes 20 [TARGET ...]``.

Begins with all that the fixtures hold. What breaks a promise is kept under ``fixtures/defects/TARGET/``, where a
test replays it from then on. Needs the extra ``fuzz`` (atheris, on Linux).
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from fuzz_targets import DEFECTS, FIXTURES, ROOT, TARGETS

_LONGEST = {"wire": 8192, "narrative": 320}  # bytes of an input; 16 KB for the other targets
_MOST = 16 * 1024


def main() -> int:
    """Run the targets one after another; 1 when one of them found something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--minutes", type=float, default=1, help="for each target (default: 1)")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)  # in the process of one target
    options, rest = parser.parse_known_args()
    if unknown := [name for name in options.targets if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if options.one:
        _fuzz(options.targets[0], rest)
        return 0
    found = [name for name in options.targets or TARGETS if not _run(name, options.minutes)]
    return 1 if found else 0


def _fuzz(name: str, rest: list[str]) -> None:
    """The fuzzer itself, which never returns: a process of its own for each target."""
    import atheris  # noqa: PLC0415 - only here, so that --help works without the extra

    with atheris.instrument_imports(include=["x12proc"]):
        for module in [module for module in sys.modules if module.split(".")[0] == "x12proc"]:
            del sys.modules[module]
        del sys.modules["fuzz_targets"]
        from fuzz_targets import TARGETS as instrumented  # noqa: N811, PLC0415 - loaded anew, to be watched

    atheris.Setup([sys.argv[0], *rest], instrumented[name])
    atheris.Fuzz()


def _run(name: str, minutes: float) -> bool:
    """Fuzz one target for a time. False when it found something."""
    with tempfile.TemporaryDirectory() as folder:
        seeds, crashes = Path(folder, "seeds"), Path(folder, "crashes")
        seeds.mkdir()
        crashes.mkdir()
        for seed in _seeds(name):
            (seeds / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
        print(f"{name}: {minutes:g} minutes from {len(list(seeds.iterdir()))} seeds", flush=True)
        command = [sys.executable, __file__, "--one", name, f"-max_total_time={round(60 * minutes)}"]
        command += [f"-max_len={_LONGEST.get(name, _MOST)}", f"-artifact_prefix={crashes}/", "-timeout=30"]
        command += ["-rss_limit_mb=2048", "-print_final_stats=1", str(seeds)]
        reported = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
        for line in reported.stderr.splitlines():
            if "DONE" in line or "number_of_executed_units" in line:
                print(f"  {line.strip()}")
        kept = [_keep(name, crash) for crash in sorted(crashes.iterdir())]
        for path in kept:
            print(f"  found: {path.relative_to(ROOT)}")
        if reported.returncode:
            print("\n".join(reported.stderr.splitlines()[-40:]))
        return not kept and not reported.returncode


def _keep(name: str, crash: Path) -> Path:
    data = crash.read_bytes()
    kept = DEFECTS / name / hashlib.sha256(data).hexdigest()[:16]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(data)
    return kept


def _seeds(name: str) -> Iterator[bytes]:
    """What the fixtures have for a target."""
    yield from (path.read_bytes() for path in sorted((DEFECTS / name).glob("*")))
    if name == "narrative":
        texts = tomllib.loads((FIXTURES / "narratives.toml").read_text())["text"]
        yield from ("\n".join(text["fields"]).encode() for text in texts)
    elif name == "reference":
        yield from _downloads()
    elif name == "case":
        yield from (path.read_bytes() for path in sorted(FIXTURES.rglob("*.toml")))
        yield from (path.read_bytes() for path in sorted(FIXTURES.rglob("report.json")))
    else:
        yield from (path.read_bytes()[:_MOST] for path in sorted(FIXTURES.rglob("*.edi")))


def _downloads() -> Iterator[bytes]:
    """A small file of each official layout, with the byte that names it in front."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support import downloads  # noqa: PLC0415 - of the tests, for this target only

    files = (
        downloads.product_txt({"PRODUCTNDC": "99998-123", "PROPRIETARYNAME": "Zyxomab"}),
        downloads.package_txt({"PRODUCTNDC": "99998-123", "NDCPACKAGECODE": "99998-123-01"}),
        downloads.crosswalk("J3590,Zyxomab,Acme,99998-0123-01,Zyxomab,1 MG,1,1,1,1"),
        downloads.noc_crosswalk("zyxomab,Acme,99998-0123-01,Zyxomab,1 MG,1,1,1,1"),
        downloads.hcpcs_txt(downloads.hcpcs_line("J3590", "3", "Unclassified biologics")),
        downloads.purple_csv(),
        b"A000   Cholera due to Vibrio cholerae 01, biovar cholerae\n",
        downloads.zipped({"product.txt": downloads.product_txt({"PRODUCTNDC": "99998-123"})}),
    )
    yield from (bytes((kind,)) + data for kind, data in enumerate(files))


if __name__ == "__main__":
    sys.exit(main())
