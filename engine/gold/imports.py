"""What the tests import, read from their source: requirements are found before the first run misses them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping

from engine.gold import hints
from engine.gold.declared import syntax
from engine.gold.requirements import Requirement, parse_all
from engine.gold.tree import ProjectTree

MAX_FILES = 2000
_FAILURES = frozenset({"ImportError", "ModuleNotFoundError"})


def imported(tree: ProjectTree, files: Iterable[str]) -> frozenset[str]:
    """Modules of other distributions that the files import anywhere in them, as dotted names."""
    found: set[str] = set()
    for path in list(files)[:MAX_FILES]:
        module = syntax(tree.text(path))
        for node in ast.walk(module) if module else ():
            found |= _modules(node)
            if isinstance(node, ast.Call) and _name(node.func) == "importorskip" and node.args:
                argument = node.args[0]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found.add(argument.value)
    return _foreign(found, tree)


def guarded(tree: ProjectTree, files: Iterable[str]) -> frozenset[str]:
    """Modules that the files can do without: an import of them that fails is caught."""
    found: set[str] = set()
    for path in list(files)[:MAX_FILES]:
        module = syntax(tree.text(path))
        for node in ast.walk(module) if module else ():
            caught: list[ast.expr | None] = []
            if isinstance(node, ast.Try):
                caught = [handler.type for handler in node.handlers]
            elif isinstance(node, ast.With):
                calls = [item.context_expr for item in node.items]
                caught = [
                    each for each in calls if isinstance(each, ast.Call) and _name(each.func) == "suppress"
                ]
            if isinstance(node, (ast.Try, ast.With)) and any(map(_of_imports, caught)):
                found.update(name for item in node.body for each in ast.walk(item) for name in _modules(each))
    return _foreign(found, tree)


def _of_imports(caught: ast.expr | None) -> bool:
    nodes = ast.walk(caught) if caught else ()
    return any(isinstance(node, ast.Name) and node.id in _FAILURES for node in nodes)


def _modules(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        # What is taken from a namespace is a module, too.
        return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def required(tree: ProjectTree, files: Iterable[str]) -> frozenset[str]:
    """Those of them without which a file cannot be loaded at all: imported at its top, unconditionally."""
    found: set[str] = set()
    for path in list(files)[:MAX_FILES]:
        module = syntax(tree.text(path))
        for node in module.body if module else ():
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return _foreign(found, tree)


def absent(tree: ProjectTree, path: str) -> str:
    """A module beside a file that it cannot be loaded without and that is not there; empty for none."""
    module = syntax(tree.text(path))
    for node in module.body if module else ():
        if not isinstance(node, ast.ImportFrom) or node.level != 1 or not node.module:
            continue
        target = f"{path.rpartition('/')[0]}/{node.module.replace('.', '/')}".lstrip("/")
        if not any(other.startswith((f"{target}.", f"{target}/")) for other in tree):
            return target
    return ""


def _foreign(modules: Iterable[str], tree: ProjectTree) -> frozenset[str]:
    known = {part for path in tree for part in path.removesuffix(".py").split("/")} | sys.stdlib_module_names
    return frozenset(name for name in modules if name.split(".")[0] not in known)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def stated(modules: Iterable[str], known: Mapping[str, Requirement]) -> tuple[Requirement, ...]:
    """The project's own requirements that bring the modules, wherever it states them."""
    found = (hints.stated(module, known) for module in sorted(modules))
    return tuple(dict.fromkeys(match for match in found if match))


def vouched(modules: Iterable[str], known: Mapping[str, Requirement]) -> tuple[Requirement, ...]:
    """The well-known distributions of modules that the project states nowhere."""
    names = [
        name
        for module in sorted(modules)
        if not known.keys() & set(hints.candidates(module)) and (name := hints.distribution(module))
    ]
    return parse_all(dict.fromkeys(names))
