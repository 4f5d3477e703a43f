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


def imported(tree: ProjectTree, files: Iterable[str]) -> frozenset[str]:
    """Modules of other distributions that the files import anywhere in them, as dotted names."""
    found: set[str] = set()
    for path in list(files)[:MAX_FILES]:
        module = syntax(tree.text(path))
        for node in ast.walk(module) if module else ():
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                # What is taken from a namespace is a module, too.
                found.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
            elif isinstance(node, ast.Call) and _name(node.func) == "importorskip" and node.args:
                argument = node.args[0]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found.add(argument.value)
    return _foreign(found, tree)


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
