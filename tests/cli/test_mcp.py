"""``x12proc mcp``, called by the client of the official package through a real process."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.edi import CLINIC, base

from x12proc.cli.app import app
from x12proc.cli.assistant import LARGEST, Assistant
from x12proc.errors import ConfigError

mcp = pytest.importorskip("mcp", reason="the extra mcp is not installed")
AS_OF = "2024-04-01"
PATIENT = (b"HARTLEY", b"W440192003")


def ask(*calls: tuple[str, dict[str, Any]], options: tuple[str, ...] = ()) -> list[Any]:
    """The results of some calls to one server; the names of its tools come first."""

    async def session() -> list[Any]:
        server = mcp.StdioServerParameters(command=sys.executable, args=["-m", "x12proc", "mcp", *options])
        async with mcp.Client(server) as client:
            tools = (await client.list_tools()).tools
            return [tools, *[await client.call_tool(name, arguments) for name, arguments in calls]]

    return asyncio.run(asyncio.wait_for(session(), 60))


def answer(result: Any) -> Any:
    assert not result.is_error, result
    return json.loads(result.content[0].text)


def test_the_five_calls() -> None:
    path = {"path": str(CLINIC), "as_of": AS_OF}
    tools, *results = ask(
        ("check_claim", path),
        ("explain_finding", {**path, "rule": "nar05", "segment_index": 88}),
        ("explain_rule", {"rule": "NDC01"}),
        ("look_up", {"text": "imaavy", "on": "2026-03-01"}),
        ("propose_fix", path),
        ("explain_rule", {"rule": "NDC99"}),
    )
    assert [tool.name for tool in tools] == [
        "check_claim", "explain_finding", "explain_rule", "look_up", "propose_fix",
    ]  # fmt: skip
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    checked, explained, rule, drug, fixes = map(answer, results[:5])
    assert checked["status"] == "rejected"
    assert [claim["disposition"] for claim in checked["claims"]].count("rejected") == 19
    assert checked["claims"][0]["disposition"] == "rejected"
    assert checked["claims_left_out"] == 5
    assert explained["finding"]["location"]["element"] == "SV101-7"
    assert explained["rule"]["name"] == "only-a-concentration"
    assert rule["id"] == "NDC01"
    assert "J9256" in json.dumps(drug)
    assert {fix["rule"] for fix in fixes["fixes"]} >= {"NDC06"}
    assert results[5].is_error
    assert "there is no rule NDC99" in results[5].content[0].text


@pytest.mark.parametrize("masked", [True, False])
def test_people_are_masked_unless_the_user_says_otherwise(masked: bool) -> None:
    options = () if masked else ("--unmasked",)
    edi = base().replace(b"CTP****40*ML", b"CTP****0*ML").decode("latin-1")
    _, result = ask(("check_claim", {"edi": edi}), options=options)
    (claim,) = answer(result)["claims"]
    assert (claim["claim_id"] == "B1001") == (not masked)
    assert [finding["rule"] for finding in claim["findings"]] == ["QTY01"]


def test_no_call_has_the_patient() -> None:
    data = base().replace(b"CTP****40*ML", b"CTP****0*ML").replace(b"80MG IV", b"80MG IV FOR MARY HARTLEY")
    assistant = Assistant()
    text = data.decode("latin-1")
    (claim,) = assistant.check_claim(edi=text)["claims"]
    finding = next(one for one in claim["findings"] if one["rule"] == "QTY01")
    answers = [
        assistant.check_claim(edi=text),
        assistant.explain_finding(finding["rule"], finding["location"]["segment_index"], edi=text),
        assistant.propose_fix(edi=text),
    ]
    bare = Assistant(masked=False).explain_finding(finding["rule"], finding["location"]["segment_index"], edi=text)
    assert "HARTLEY" in json.dumps(bare), "it would be there without the mask"
    for given in answers:
        assert not any(word in json.dumps(given).encode() for word in PATIENT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give edi, the text of an 837 file, or path"),
        ({"edi": "ISA", "path": "a"}, "give edi, the text of an 837 file, or path"),
        ({"path": "gone.edi"}, "the file can't be read: No such file"),
        ({"edi": " " * (LARGEST + 1)}, "larger than 5000000 bytes"),
        ({"edi": base().decode(), "profile": "nobody"}, "nobody"),
        ({"edi": base().decode(), "as_of": "soon"}, "this is no date"),
    ],
)
def test_wrong_arguments_are_explained(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Assistant().check_claim(**arguments)


def test_a_broken_file_is_answered_with_its_faults() -> None:
    for masked in (True, False):
        checked = Assistant(masked=masked).check_claim(edi=(base() + base()[:-60]).decode("latin-1"))
        assert checked["status"] == "failed"
        assert "truncated" in [fault["code"] for fault in checked["errors"]]
    assert Assistant(masked=False).check_claim(edi="hello")["status"] == "failed"


def test_a_finding_that_is_not_there_and_a_wrong_day() -> None:
    assistant = Assistant()
    with pytest.raises(ConfigError, match="no finding of NDC01 at segment 3"):
        assistant.explain_finding("NDC01", 3, edi=base().decode("latin-1"))
    with pytest.raises(ConfigError, match="this is no date"):
        assistant.look_up("imaavy", "soon")
    with pytest.raises(ConfigError, match="xyzzy"):
        assistant.look_up("xyzzy")


def test_the_extra_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    run = CliRunner().invoke(app, ["mcp"])
    assert isinstance(run.exception, ConfigError)
    assert "x12proc[mcp]" in str(run.exception)


def test_the_manual_lists_the_calls() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "assistants.md").read_text()
    for name in ("check_claim", "explain_finding", "explain_rule", "look_up", "propose_fix"):
        assert f"| `{name}` |" in manual
