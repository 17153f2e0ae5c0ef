"""``x12proc lsp``, asked by the client of pygls through a real process."""

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
from x12proc.cli.lsp import Positions
from x12proc.errors import ConfigError

pytest.importorskip("pygls", reason="the extra lsp is not installed")
types: Any = pytest.importorskip("lsprotocol.types")
client_module: Any = pytest.importorskip("pygls.lsp.client")
URI = "file:///claims.edi"
TEXT = CLINIC.read_bytes().decode("latin-1")
LINES = TEXT.split("\n")


async def converse(text: str, *requests: tuple[str, Any]) -> tuple[list[Any], list[Any]]:
    """The diagnostics of an opened text, and the answers to some requests."""
    client = client_module.LanguageClient("test", "1")
    published: asyncio.Queue[Any] = asyncio.Queue()

    @client.feature("textDocument/publishDiagnostics")  # type: ignore[untyped-decorator]  # the module is Any here
    def _published(params: Any) -> None:
        published.put_nowait(params.diagnostics)

    await client.start_io(sys.executable, "-m", "x12proc", "lsp")
    try:
        await client.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities()))
        document = types.TextDocumentItem(URI, "x12", 1, text)
        client.text_document_did_open(types.DidOpenTextDocumentParams(document))
        found = await asyncio.wait_for(published.get(), 30)
        answers = [await getattr(client, f"{name}_async")(params) for name, params in requests]
        await client.shutdown_async(None)
        client.exit(None)
    finally:
        await client.stop()
    return found, answers


def ask(text: str, *requests: tuple[str, Any]) -> tuple[list[Any], list[Any]]:
    return asyncio.run(asyncio.wait_for(converse(text, *requests), 60))


def at(word: str, after: str = "") -> Any:
    """Where a word is in the demo file."""
    offset = TEXT.index(word, TEXT.index(after))
    return types.Position(*Positions(TEXT.encode("latin-1")).position(offset))


DOCUMENT = types.TextDocumentIdentifier(URI)


def test_an_editor_is_served() -> None:
    place = at("7347531023")
    whole = types.Range(place, types.Position(place.line, place.character + 10))
    context = types.CodeActionContext(diagnostics=[])
    line = at("SV1*", "CLM*P3004")
    found, answers = ask(
        TEXT,
        ("text_document_hover", types.HoverParams(DOCUMENT, place)),
        ("text_document_hover", types.HoverParams(DOCUMENT, at("J3590"))),
        ("text_document_hover", types.HoverParams(DOCUMENT, types.Position(0, 0))),
        ("text_document_document_symbol", types.DocumentSymbolParams(DOCUMENT)),
        ("text_document_definition", types.DefinitionParams(DOCUMENT, line)),
        ("text_document_code_action", types.CodeActionParams(DOCUMENT, whole, context)),
    )
    ndc = next(one for one in found if one.code == "NDC06")
    assert (ndc.severity, ndc.source) == (types.DiagnosticSeverity.Error, "x12proc")
    assert (ndc.range.start, ndc.range.end.character) == (place, place.character + 10)
    hovered, code, outside, outline, parent, actions = answers
    assert hovered.contents.value.startswith("**LIN03** in loop 2410")
    assert "NDC06 reject: LIN03 has 10 digits" in hovered.contents.value
    assert "J3590: " in code.contents.value
    assert outside is None
    assert len(outline) == 59
    assert outline[0].name == "Claim P1001"
    assert outline[0].children[0].name == "Line 1: J3590"
    assert LINES[parent.range.start.line].startswith("CLM*P3004")
    assert [action.title.partition(":")[0] for action in actions] == ["NDC06"]
    (edit,) = actions[0].edit.changes[URI]
    assert (edit.range, edit.new_text) == (whole, "73475310203")
    assert not actions[0].is_preferred


def test_a_fix_that_is_applied_leaves_no_diagnostic() -> None:
    place = at("7347531023")
    found, _ = ask(TEXT.replace("7347531023~", "73475310203~"))
    assert not [one for one in found if one.range.start.line == place.line]


@pytest.mark.parametrize("text", ["", "hello", "ISA*00", base()[:-60].decode(), "ISA" + "*" * 300])
def test_an_unfinished_text_is_no_error_of_the_server(text: str) -> None:
    found, (outline,) = ask(text, ("text_document_document_symbol", types.DocumentSymbolParams(DOCUMENT)))
    assert any(one.severity == types.DiagnosticSeverity.Error for one in found)
    assert isinstance(outline, list)


def test_columns_are_counted_in_utf_16() -> None:
    data = "A\n\N{MUSICAL SYMBOL G CLEF}é*B".encode()
    places = Positions(data)
    assert places.position(data.index(b"B")) == (1, 4)
    assert places.offset(1, 4) == data.index(b"B")
    assert places.offset(9, 9) == len(data)


def test_the_extra_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)
    run = CliRunner().invoke(app, ["lsp"])
    assert isinstance(run.exception, ConfigError)
    assert "x12proc[lsp]" in str(run.exception)


def test_the_extension_starts_the_server() -> None:
    folder = Path(__file__).parents[2] / "editors" / "vscode"
    manifest = json.loads((folder / "package.json").read_text())
    script = (folder / manifest["main"]).read_text()
    for setting in manifest["contributes"]["configuration"]["properties"]:
        assert f'settings.get("{setting.partition(".")[2]}")' in script
    assert '["lsp"]' in script
