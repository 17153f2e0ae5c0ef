"""``x12proc lsp``: a language server for 837 files, on standard input and output."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from x12proc.api import Scrubber
from x12proc.cli.app import config_option
from x12proc.cli.editor import Change, OpenFile, OutlineEntry, Problem
from x12proc.errors import ConfigError
from x12proc.runner.settings import load_settings
from x12proc.version import __version__

if TYPE_CHECKING:
    from lsprotocol import types as lsp
    from pygls.lsp.server import LanguageServer


@click.command()
@config_option
def command(config: Path | None) -> None:
    """Serve an editor over the Language Server Protocol, on standard input and output.

    Findings are diagnostics, elements have their loop and meaning on hover, claims and lines are the outline,
    "go to definition" leads to the loop above, and fixes are quick fixes. The folder editors/vscode of the source
    has an extension for VS Code.

    \b
    x12proc lsp                        pip install 'x12proc[lsp]'
    """
    scrubber, reference = Scrubber(config=config), load_settings(config=config).reference
    try:
        server = make_server(lambda text: OpenFile(text, scrubber, reference))
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise ConfigError("this needs an extra: pip install 'x12proc[lsp]'") from None
    server.start_io()


class Positions:
    """Converts byte offsets of a text in UTF-8 to lines and columns in UTF-16 units, and back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0, *(at + 1 for at, byte in enumerate(data) if byte == 0x0A)]

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both from 0."""
        line = bisect_right(self._starts, min(offset, len(self._data))) - 1
        before = self._data[self._starts[line] : offset].decode("utf-8", "ignore")
        return line, len(before.encode("utf-16-le")) // 2

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line and column."""
        start = self._starts[min(line, len(self._starts) - 1)]
        text = self._data[start:].split(b"\n", 1)[0].decode("utf-8", "replace")
        before = text.encode("utf-16-le")[: column * 2].decode("utf-16-le", "ignore")
        return start + len(before.encode("utf-8"))


def make_server(open_file: Callable[[str], OpenFile]) -> LanguageServer:
    """Return the server. Raises ModuleNotFoundError without the extra."""
    from lsprotocol import types  # noqa: PLC0415 - an optional extra
    from pygls.lsp.server import LanguageServer  # noqa: PLC0415 - as above

    server = LanguageServer("x12proc", __version__)
    files = _Files(lambda uri: open_file(server.workspace.get_text_document(uri).source))
    _serve_changes(types, server, files)
    _serve_requests(types, server, files.opened)
    return server


class _Files:
    """The open files by their URIs, read again after a change."""

    def __init__(self, open_file: Callable[[str], OpenFile]) -> None:
        self._open = open_file
        self._files: dict[str, OpenFile] = {}

    def opened(self, uri: str) -> OpenFile:
        if uri not in self._files:
            self._files[uri] = self._open(uri)
        return self._files[uri]

    def forget(self, uri: str) -> None:
        self._files.pop(uri, None)


def _serve_changes(types: Any, server: LanguageServer, files: _Files) -> None:
    """Publish diagnostics whenever a file is opened or changed."""

    def publish(uri: str) -> None:
        files.forget(uri)
        file = files.opened(uri)
        places = Positions(file.data)
        found = [_diagnostic(types, places, problem) for problem in file.problems()]
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=found))

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: lsp.DidChangeTextDocumentParams) -> None:
        publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        files.forget(params.text_document.uri)


def _serve_requests(types: Any, server: LanguageServer, opened: Callable[[str], OpenFile]) -> None:
    """Answer what an editor asks about an element, a range or a file."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        file = opened(params.text_document.uri)
        text = file.hover(Positions(file.data).offset(params.position.line, params.position.character))
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        file, uri = opened(params.text_document.uri), params.text_document.uri
        places = Positions(file.data)
        parent = file.parent(places.offset(params.position.line, params.position.character))
        return None if parent is None else types.Location(uri, _range(types, places, parent, parent))

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        file = opened(params.text_document.uri)
        return [_symbol(types, Positions(file.data), entry) for entry in file.outline()]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        file, uri = opened(params.text_document.uri), params.text_document.uri
        places = Positions(file.data)
        start, end = (places.offset(one.line, one.character) for one in (params.range.start, params.range.end))
        return [_action(types, places, uri, change) for change in file.changes(start, end)]


# -- values of the protocol; ``types`` is the module lsprotocol.types, an optional extra ------------------------


def _range(types: Any, places: Positions, start: int, end: int) -> lsp.Range:
    return types.Range(types.Position(*places.position(start)), types.Position(*places.position(end)))  # type: ignore[no-any-return]  # the module is untyped here


def _diagnostic(types: Any, places: Positions, problem: Problem) -> lsp.Diagnostic:
    severity = {"warn": types.DiagnosticSeverity.Warning, "info": types.DiagnosticSeverity.Information}
    return types.Diagnostic(  # type: ignore[no-any-return]  # as above
        range=_range(types, places, problem.start, problem.end),
        message=problem.message,
        severity=severity.get(problem.severity, types.DiagnosticSeverity.Error),
        code=problem.code,
        source="x12proc",
    )


def _symbol(types: Any, places: Positions, entry: OutlineEntry) -> lsp.DocumentSymbol:
    whole = _range(types, places, entry.start, entry.end)
    return types.DocumentSymbol(  # type: ignore[no-any-return]  # as above
        name=entry.name,
        detail=entry.detail,
        kind=types.SymbolKind.Object if entry.children else types.SymbolKind.Field,
        range=whole,
        selection_range=_range(types, places, entry.start, entry.start),
        children=[_symbol(types, places, child) for child in entry.children],
    )


def _action(types: Any, places: Positions, uri: str, change: Change) -> lsp.CodeAction:
    edit = types.TextEdit(_range(types, places, change.start, change.end), change.new)
    return types.CodeAction(  # type: ignore[no-any-return]  # as above
        title=change.title,
        kind=types.CodeActionKind.QuickFix,
        edit=types.WorkspaceEdit(changes={uri: [edit]}),
        is_preferred=change.safe,
    )
