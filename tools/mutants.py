"""Small breaks in Python functions: a condition turned round, a bound moved by one, a guard left out.

A mutant is a copy of a definition's syntax tree with one node replaced. Texts for people are left alone, for no
fixture compares them: what is in f-strings, in messages and fixes, in assertions and docstrings.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any, NamedTuple, TypeAlias

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip
_BOUND: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
# Variables that hold nothing but words for people, and functions that make them.
_TEXTS = frozenset(
    (
        *("message", "fix", "shown", "named", "listed", "verdict", "advice", "meaning", "meant", "begin", "sums"),
        *("told_by", "unsure", "what", "source", "dated", "began", "times"),
    )
)
_TEXT_MAKERS = frozenset(
    (
        "shorten",
        "in_figures",
        "product_shown",
        "text_shown",
        "_code_shown",
        "_codes_shown",
        "_drug_shown",
        "_said",
        "_told",
    )
)

Path: TypeAlias = tuple[tuple[str, int | None], ...]  # from a definition to a node: fields, and places in lists
Change: TypeAlias = tuple[str, ast.AST]  # what is done, and what takes the node's place


class Mutant(NamedTuple):
    """One change: the line it is made in, what is done, and the changed definition."""

    line: int
    what: str
    tree: ast.stmt


def mutants(definition: ast.stmt) -> Iterator[Mutant]:
    """Every mutant of a function, or of the assignment of a constant."""
    for path, node in nodes(definition):
        for what, new in _changes(node):
            tree = copy.deepcopy(definition)
            _put(tree, path, new)
            yield Mutant(getattr(node, "lineno", definition.lineno), what, ast.fix_missing_locations(tree))


def compiled(mutant: Mutant) -> CodeType:
    """The code of a mutant. Annotations stay texts, as in the rules: compile takes that over from this module."""
    return compile(ast.Module([mutant.tree], []), f"<mutant of line {mutant.line}>", "exec")


def defined(code: CodeType, module: ModuleType, name: str) -> Any:
    """What a mutant's name means, seen from inside its module. Raises whatever the code does."""
    found: dict[str, Any] = {}
    exec(code, module.__dict__, found)  # noqa: S102 - our own source, changed in one place
    return found[name]


# -- where ------------------------------------------------------------------------------------------------------


def nodes(node: ast.AST, path: Path = ()) -> Iterator[tuple[Path, ast.AST]]:
    """The nodes of a definition that can be broken, each with the way to it."""
    yield path, node
    for field, value in ast.iter_fields(node):
        if field == "decorator_list":
            continue
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for location, child in children:
            if isinstance(child, ast.AST) and not _is_text(child) and not _is_text_of_hit(node, field, location):
                yield from nodes(child, (*path, (field, location)))


def _put(tree: ast.AST, path: Path, new: ast.AST) -> None:
    """Put a node in the place of the one at the end of a path."""
    for field, location in path[:-1]:
        child = getattr(tree, field)
        tree = child if location is None else child[location]
    field, location = path[-1]
    if location is None:
        setattr(tree, field, new)
    else:
        getattr(tree, field)[location] = new


def _is_text_of_hit(node: ast.AST, field: str, location: int | None) -> bool:
    """Message, value and fix of a hit; its location comes first and its severity fourth."""
    hit = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Hit"
    return hit and field == "args" and location in (1, 2, 4)


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr | ast.Assert | ast.arguments):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(isinstance(target, ast.Name) and target.id in _TEXTS for target in targets)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TEXT_MAKERS


# -- what -------------------------------------------------------------------------------------------------------


def _changes(node: ast.AST) -> Iterator[Change]:
    for kinds, changes in _BY_KIND:
        if isinstance(node, kinds):
            yield from changes(node)


def _with(node: ast.AST, **fields: Any) -> Any:
    """A copy of a node with other fields."""
    new = copy.deepcopy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


def _without(items: list[Any], location: int) -> list[Any]:
    return [*items[:location], *items[location + 1 :]]


def _not(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _of_compare(node: ast.Compare) -> Iterator[Change]:
    for location, operator in enumerate(node.ops):
        for table in (_OPPOSITE, _BOUND):
            other = table.get(type(operator))
            if other is not None:
                operators = [*node.ops[:location], other(), *node.ops[location + 1 :]]
                yield (
                    f"{type(operator).__name__} -> {other.__name__} in {ast.unparse(node)}",
                    _with(node, ops=operators),
                )


def _of_bool(node: ast.BoolOp) -> Iterator[Change]:
    if isinstance(node.values[-1], ast.Constant):
        return  # "or None", "or 'empty'": what is shown for nothing
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield f"{other.__name__} for the other in {ast.unparse(node)}", _with(node, op=other())
    for location, value in enumerate(node.values):
        rest = _without(node.values, location)
        new = rest[0] if len(rest) == 1 else _with(node, values=rest)
        yield f"without {ast.unparse(value)} in {ast.unparse(node)}", new


def _of_not(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield f"without not in {ast.unparse(node)}", node.operand


def _of_branch(node: ast.If | ast.IfExp) -> Iterator[Change]:
    for value in (True, False):
        yield f"{value} for if {ast.unparse(node.test)}", _with(node, test=ast.Constant(value))


def _of_comprehension(node: ast.comprehension) -> Iterator[Change]:
    for location, test in enumerate(node.ifs):
        yield f"no filter {ast.unparse(test)}", _with(node, ifs=_without(node.ifs, location))
        turned = [*node.ifs[:location], _not(test), *node.ifs[location + 1 :]]
        yield f"filter not {ast.unparse(test)}", _with(node, ifs=turned)


def _of_constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield f"{not value} for {value}", ast.Constant(not value)
    elif isinstance(value, int):
        for other in (value + 1, value - 1):
            yield f"{other} for {value}", ast.Constant(other)


def _of_call(node: ast.Call) -> Iterator[Change]:
    function = node.func.id if isinstance(node.func, ast.Name) else ""
    if function in ("any", "all"):
        other = "all" if function == "any" else "any"
        yield f"{other} for {ast.unparse(node)}", _with(node, func=ast.Name(other, ast.Load()))
    first = node.args[0] if node.args else None
    if function == "Decimal" and isinstance(first, ast.Constant) and isinstance(first.value, str):
        for other in (f"{first.value}1", f"-{first.value}"):
            yield f"{other} for {first.value}", _with(node, args=[ast.Constant(other)])


def _of_arithmetic(node: ast.BinOp) -> Iterator[Change]:
    other = _ARITHMETIC.get(type(node.op))
    joins = any(isinstance(side, ast.JoinedStr | ast.List) or _is_string(side) for side in (node.left, node.right))
    if other is not None and not joins:
        yield f"{other.__name__} in {ast.unparse(node)}", _with(node, op=other())


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _of_jump(node: ast.Continue | ast.Break) -> Iterator[Change]:
    yield f"without {type(node).__name__.lower()}", ast.Pass()


_BY_KIND: tuple[tuple[Any, Any], ...] = (
    (ast.Compare, _of_compare),
    (ast.BoolOp, _of_bool),
    (ast.UnaryOp, _of_not),
    ((ast.If, ast.IfExp), _of_branch),
    (ast.comprehension, _of_comprehension),
    (ast.Constant, _of_constant),
    (ast.Call, _of_call),
    (ast.BinOp, _of_arithmetic),
    ((ast.Continue, ast.Break), _of_jump),
)
