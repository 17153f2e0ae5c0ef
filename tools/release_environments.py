"""Fresh environments outside of the tree, and what an installed x12proc has to do in each of them."""

from __future__ import annotations

import sys
import venv
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import NamedTuple

from checking import ROOT, CheckError, must, run

SMOKE_SCRIPTS = Path(__file__).parent / "smoke"
# Extras for those who work on x12proc. Their licences bind nobody who runs it.
FOR_DEVELOPERS = {"dev", "release", "fuzz"}


class Step(NamedTuple):
    """A command and the exit code it has to end with; {fixtures} and {smoke} are filled in."""

    command: str
    code: int = 0


class Smoke(NamedTuple):
    """What shows that an extra works where it is installed, and that it is asked for by name where it isn't."""

    steps: tuple[Step, ...]
    # A command that ends with 2 and names the extra in an environment without it; empty where no command needs it.
    asks: str = ""


_ALL_ARTIFACTS = "json,csv,xml,html,annotated,accepted,rejected,999,277ca,ta1"

# Every command that reads or explains, from another folder, on the files that the README runs.
DEMO = (
    Step(f"x12proc scrub {{fixtures}}/demo -o out --as-of 2024-04-01 --emit {_ALL_ARTIFACTS}", 1),
    Step("x12proc scrub {fixtures}/demo -o fixed --as-of 2024-04-01 --fix --conformance full --jobs 2", 1),
    Step("x12proc demo trial", 1),
    Step("x12proc --version"),
    Step("x12proc restore out/clinic-837p.annotated.edi -o restored.edi"),
    Step("x12proc rules"),
    Step("x12proc rules NDC01 --json"),
    Step("x12proc profiles"),
    Step("x12proc profiles medicare-b"),
    Step("x12proc reference list"),
    Step("x12proc reference lookup 25682-0025-01"),
    Step("x12proc extract {fixtures}/demo --format csv -o lines.csv"),
    Step("x12proc mask {fixtures}/demo/clinic-837p.edi -o masked.edi --key a-long-enough-key-for-a-demo"),
    Step("x12proc replay {fixtures}/replay {fixtures}/rules/NDC01.toml"),
    Step("python {smoke}/try_api.py {fixtures}"),
)

# One entry an extra. Whoever adds an extra to pyproject.toml says here how to see that it works.
SMOKE = {
    "dev": Smoke((Step("pytest -o x12proc_cases={fixtures}/rules {fixtures}/rules/NDC01.toml"),)),
    "feed": Smoke((Step("python {smoke}/try_feed.py {fixtures}"),), asks="x12proc watch feed.toml --once"),
    "fuzz": Smoke((Step("python {smoke}/try_fuzz.py"),)),
    "lsp": Smoke((Step("python {smoke}/try_importable.py pygls.lsp.server x12proc.cli.lsp"),), asks="x12proc lsp"),
    "mcp": Smoke((Step("python {smoke}/try_importable.py mcp.server x12proc.cli.mcp"),), asks="x12proc mcp"),
    "parquet": Smoke(
        (
            Step("x12proc extract {fixtures}/demo --format parquet -o lines.parquet"),
            Step("python {smoke}/try_parquet.py lines.parquet"),
        ),
        asks="x12proc extract {fixtures}/demo --format parquet -o lines.parquet",
    ),
    # Without a server of its own there is no more to see than that the driver is there.
    "postgres": Smoke((Step("python {smoke}/try_importable.py psycopg sqlalchemy.dialects.postgresql.psycopg"),)),
    "release": Smoke((Step("twine --version"), Step("pip-audit --version"), Step("uv --version"))),
    "service": Smoke((Step("python {smoke}/try_service.py {fixtures}"),), asks="x12proc serve"),
    "spark": Smoke((Step("python {smoke}/try_importable.py pyspark x12proc.spark.source"),)),
}


class Environment(NamedTuple):
    """A virtual environment with the wheel in it, and the folder in which its commands run."""

    name: str
    folder: Path
    work: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"

    def do(self, step: Step, fixtures: Path) -> str:
        """Run a command in it, with warnings as errors. Raises CheckError when it ends otherwise."""
        return must(self._words(step, fixtures), folder=self.work, code=step.code, also=_strict())

    def asks_for(self, extra: str, command: str, fixtures: Path) -> None:
        """Raises CheckError unless the command ends with 2 and says how to install the extra."""
        done = run(self._words(Step(command), fixtures), folder=self.work, also=_strict())
        if done.returncode != 2 or f"x12proc[{extra}]" not in done.stderr:
            said = f"exit code {done.returncode}: {done.stderr.strip()[-1500:]}"
            raise CheckError(f"without {extra!r} this should end with 2 and name it: {command}\n{said}")

    def _words(self, step: Step, fixtures: Path) -> list[str]:
        program, *rest = step.command.format(fixtures=fixtures, smoke=SMOKE_SCRIPTS).split(" ")
        return [str(self.python.with_name(program)), *rest]


def _strict() -> dict[str, str]:
    return {"PYTHONWARNINGS": "error", "PYTHONSAFEPATH": "1"}


def extras(wheel: Path) -> list[str]:
    """The extras that a wheel's metadata declare."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return sorted(HeaderParser().parsestr(archive.read(name).decode()).get_all("Provides-Extra", []))


def without_smoke(declared: list[str]) -> list[str]:
    """The extras that nothing shows to work, as faults."""
    return [
        f"the extra {extra!r} has no entry in SMOKE of tools/release_environments.py: say there how to see it work"
        for extra in declared
        if extra not in SMOKE
    ]


def create(folder: Path, wheel: Path, wanted: list[str], name: str) -> Environment:
    """A new environment with the wheel and some of its extras, and nothing else. Raises CheckError."""
    environment = Environment(name, folder / name, folder / f"{name}-work")
    # No pip or setuptools inside: what we need without saying so shall be missing here.
    venv.create(environment.folder, with_pip=False, clear=True)
    environment.work.mkdir()
    asked = f"{wheel}[{','.join(wanted)}]" if wanted else str(wheel)
    must([*_pip(environment), "install", "--quiet", asked], folder=environment.work)
    must([*_pip(environment), "check"], folder=environment.work)
    return environment


def _pip(environment: Environment) -> list[str]:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    return [*pip, "--python", str(environment.python)]


def run_demo(environment: Environment, fixtures: Path) -> None:
    """All of DEMO, and what it leaves. Raises CheckError."""
    for step in DEMO:
        environment.do(step, fixtures)
    work, source = environment.work, fixtures / "demo" / "clinic-837p.edi"
    written = {path.name.removeprefix("clinic-837p.") for path in (work / "out").glob("clinic-837p.*")}
    wanted = {"report.json", "report.csv", "report.xml", "report.html", "annotated.edi", "accepted.edi"}
    wanted |= {"rejected.edi", "999.edi", "277ca.edi"}
    if not wanted <= written:
        raise CheckError(f"{environment.name}: scrub did not write {', '.join(sorted(wanted - written))}")
    if (work / "restored.edi").read_bytes() != source.read_bytes():
        raise CheckError(f"{environment.name}: restore did not give back what was annotated")


def frozen(environment: Environment) -> str:
    """What is installed in it beside x12proc, one ``name==version`` a line."""
    return must([*_pip(environment), "freeze", "--exclude", "x12proc"], folder=environment.work)


def outside(folder: Path) -> Path:
    """Fixtures copied to where no test or tool of the tree can be seen from. Raises CheckError inside the tree."""
    if folder.resolve().is_relative_to(ROOT.resolve()):
        raise CheckError(f"{folder} lies inside the tree")
    return folder
