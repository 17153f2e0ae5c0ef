"""``x12proc mcp``: the calls of an assistant over the Model Context Protocol, on standard input and output."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from x12proc.cli.app import config_option
from x12proc.cli.assistant import Assistant
from x12proc.errors import ConfigError
from x12proc.version import __version__

if TYPE_CHECKING:
    from mcp.server import MCPServer

_INSTRUCTIONS = (
    "x12proc checks X12 837 claims that bill unclassified drugs (HCPCS J3590) before they are sent. Everything is "
    "read-only. Names, ids and numbers of people in answers are pseudonyms unless the server was started with "
    "--unmasked. Positions are segment indexes of the input."
)


@click.command()
@click.option("--unmasked", is_flag=True, help="Answer with the values of the input instead of pseudonyms.")
@config_option
def command(unmasked: bool, config: Path | None) -> None:
    """Serve assistants over the Model Context Protocol (MCP), on standard input and output.

    Five read-only calls: check_claim, explain_finding, explain_rule, look_up, propose_fix. Input is masked before
    it is scrubbed, so that no name or id of a patient is in an answer; --unmasked turns that off.

    \b
    x12proc mcp                        pip install 'x12proc[mcp]'
    """
    try:
        server = make_server(Assistant(config, masked=not unmasked))
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] != "mcp":
            raise
        raise ConfigError("this needs an extra: pip install 'x12proc[mcp]'") from None
    server.run("stdio")


def make_server(assistant: Assistant) -> MCPServer:
    """Return the server of an assistant's calls. Raises ModuleNotFoundError without the extra."""
    from mcp.server import MCPServer  # noqa: PLC0415 - an optional extra
    from mcp.server.mcpserver.exceptions import ToolError  # noqa: PLC0415 - as above
    from mcp.types import ToolAnnotations  # noqa: PLC0415 - as above

    def explained(call: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        """Turn a wrong argument into an error that the assistant can read."""

        @wraps(call)
        def answer(*arguments: Any, **named: Any) -> dict[str, Any]:
            try:
                return call(*arguments, **named)
            except ConfigError as error:
                raise ToolError(str(error)) from None

        return answer

    server = MCPServer("x12proc", version=__version__, instructions=_INSTRUCTIONS, log_level="ERROR")
    read_only = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    calls = (
        assistant.check_claim,
        assistant.explain_finding,
        assistant.explain_rule,
        assistant.look_up,
        assistant.propose_fix,
    )
    for call in calls:
        server.tool(annotations=read_only)(explained(call))
    return server
