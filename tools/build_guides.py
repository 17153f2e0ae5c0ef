"""Makes the tables of x12proc/guide from pyx12's maps: python tools/build_guides.py [--check]"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
from checking import ROOT, CheckError
from pyx12.map_if import load_map_file
from pyx12.map_index import map_index
from pyx12.params import ParamsBase

from x12proc.conformance.chunks import CHECKED_GUIDES
from x12proc.conformance.fast.tables import Element, Guide, Node, Part, file_name
from x12proc.conformance.pyx12_walk import CLAIM_LOOP, CONTROL_VERSION, ENVELOPE, loop_name

_FOLDER = ROOT / "x12proc" / "guide"
_NO_LIMIT = 2147483647  # how pyx12 writes it


def table(version: str) -> Guide:
    """The table of one guide."""
    name = map_index().get_filename(CONTROL_VERSION, version, "HC")
    assert name is not None, version
    root = load_map_file(name, ParamsBase())
    found = [node for node in root.loop_segment_iterator() if node is not root]
    nodes = (_root(root), *(_node(node, root) for node in found))
    lists = sorted({part.external for node in nodes for part in _parts(node) if part.external is not None})
    return Guide(
        guide=version,
        source=f"pyx12 {metadata.version('pyx12')} {name}",
        root="/",
        start=ENVELOPE[-1],
        envelope=ENVELOPE,
        counts_lines=root.id == "837",
        claim_loops=tuple(node.path for node in nodes if node.id == CLAIM_LOOP),
        codes={key: tuple(sorted(code for code in root.ext_codes.codes[key]["codes"] if code)) for key in lists},
        nodes=nodes,
    )


def _path(node: Any) -> str:
    path = node.x12path
    return path if isinstance(path, str) else str(path.format())


def _children(node: Any) -> tuple[str, ...]:
    return tuple(_path(child) for order in sorted(node.pos_map) for child in node.pos_map[order])


def _root(root: Any) -> Node:
    return Node(path="/", id=root.id, usage="R", position=0, children=_children(root))


def _node(node: Any, root: Any) -> Node:
    most = node.get_max_repeat()
    common = {
        "path": _path(node),
        "id": node.id,
        "usage": node.usage,
        "position": node.pos,
        "parent": "/" if node.parent is root else _path(node.parent),
        "most": None if most == _NO_LIMIT else most,
    }
    if node.is_loop():
        return Node(**common, children=_children(node))
    key = node._resolve_unique_key_field(node.id, with_qual=False)
    location = None if key is None else f"{key[1]}-{key[2]}" if key[2] else str(key[1])
    return Node(
        **common,
        loop=loop_name(node),
        key=location,
        values=() if key is None else _codes(key[0]),
        elements=tuple(_element(child) for child in node.children),
        notes=tuple((note[0], tuple(note[1:])) for note in node.syntax),
    )


def _element(child: Any) -> Element:
    if child.is_composite():
        return Element(usage=child.usage, parts=tuple(_part(part) for part in child.children))
    return Element(part=_part(child))


def _part(node: Any) -> Part:
    return Part(
        usage=node.usage,
        type=node.data_type,
        least=node.min_len,
        most=node.max_len,
        codes=_codes(node),
        external=node.external_codes,
        pattern=node.res or None,
        number=node.data_ele,
    )


def _codes(node: Any) -> tuple[str, ...]:
    return tuple(code for code in node.valid_codes if code)


def _parts(node: Node) -> list[Part]:
    return [part for element in node.elements for part in ((element.part,) if element.part else element.parts)]


def text(guide: Guide) -> bytes:
    """A table as its file holds it: a node a line."""
    nodes = b",\n".join(msgspec.json.encode(node) for node in guide.nodes)
    head = msgspec.json.encode(msgspec.structs.replace(guide, nodes=()))
    return head.removesuffix(b"[]}") + b"[\n" + nodes + b"\n]}\n"


def main(check: bool) -> int:
    """Write the tables, or say whether they would change. Raises CheckError."""
    for version in sorted(CHECKED_GUIDES):
        path = _FOLDER / file_name(version)
        made = text(table(version))
        if check and made != path.read_bytes():
            raise CheckError(
                f"{path.relative_to(ROOT)} is not what pyx12's maps say: python tools/build_guides.py"
            )
        Path(path).write_bytes(made)
        print(f"{path.relative_to(ROOT)}: {len(made):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
