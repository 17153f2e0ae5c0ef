"""The steps of a release: each extra has its smoke commands, and one failure is never a pass."""

from __future__ import annotations

import os
import re
import sys
import tomllib
import zipfile
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import release_check
import release_environments as environments
from checking import ROOT, CheckError, must
from release_environments import Environment, Step


def test_every_extra_says_how_to_see_that_it_works() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert environments.without_smoke(sorted(project["optional-dependencies"])) == []


def test_an_extra_without_smoke_commands_is_a_fault() -> None:
    (fault,) = environments.without_smoke(["dev", "unheard-of"])
    assert "'unheard-of'" in fault
    assert "tools/release_environments.py" in fault


def test_smoke_commands_name_files_that_exist() -> None:
    rows = environments.SMOKE.values()
    commands = [step.command for step in (*environments.DEMO, *(step for smoke in rows for step in smoke.steps))]
    for command in (*commands, *(smoke.asks for smoke in rows)):
        shown = command.format(fixtures=ROOT / "fixtures", smoke=environments.SMOKE_SCRIPTS)
        assert all(Path(word).exists() for word in shown.split() if word.startswith(str(ROOT))), command


def test_extras_are_read_from_the_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "x12proc-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "x12proc-1.0.dist-info/METADATA", "Name: x12proc\nProvides-Extra: spark\nProvides-Extra: dev\n"
        )
    assert environments.extras(wheel) == ["dev", "spark"]


@pytest.mark.parametrize(
    ("code", "said", "holds"),
    [
        (2, "Error: install it with pip install 'x12proc[parquet]'", True),
        (2, "Error: no module named pyarrow", False),
        (1, "install x12proc[parquet]", False),
        (0, "", False),
    ],
)
def test_a_missing_extra_must_be_asked_for_by_name(
    code: int, said: str, holds: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environments, "run", lambda *_, **__: CompletedProcess([], code, "", said))
    environment, asks = Environment("bare", tmp_path, tmp_path), "x12proc extract --format parquet"
    if holds:
        environment.asks_for("parquet", asks, tmp_path)
    else:
        with pytest.raises(CheckError, match="should end with 2 and name it"):
            environment.asks_for("parquet", asks, tmp_path)


def test_an_exit_code_that_is_not_meant_fails_with_what_was_said(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match=r"exit code 3 instead of 1(.|\n)*it broke"):
        must([sys.executable, "-c", "import sys; print('it broke'); sys.exit(3)"], folder=tmp_path, code=1)


def test_a_fresh_environment_does_not_see_this_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert must([sys.executable, "-c", "import os; print(os.getenv('PYTHONPATH'))"], folder=tmp_path) == "None\n"
    with pytest.raises(CheckError, match="inside the tree"):
        environments.outside(ROOT / "build")


def test_one_failure_keeps_no_step_from_running_and_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: release_check.Release) -> str:
        raise CheckError("no network")

    monkeypatch.setattr(release_check, "STEPS", {"audit": fails, "lock": lambda _: "100 packages"})
    monkeypatch.setattr("sys.argv", ["release_check.py"])
    assert release_check.main() == 1
    reported = capsys.readouterr().out
    assert "no network" in reported
    assert re.search(r"^audit +FAILED\nlock +held$", reported, re.MULTILINE)


def test_a_step_that_does_not_exist_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["release_check.py", "audits"])
    assert release_check.main() == 2


def test_nothing_of_this_process_leads_the_demo_astray(tmp_path: Path) -> None:
    environment = Environment("here", Path(sys.prefix), tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "PYTHONWARNINGS", "ignore")
        script = tmp_path / "warns.py"
        script.write_text("import warnings\nwarnings.warn('old')\n")
        with pytest.raises(CheckError, match="UserWarning: old"):
            environment.do(Step(f"python {script}"), tmp_path)
