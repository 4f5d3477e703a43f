"""Where projects say what their tests need: every place read, nothing executed."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from typing import Any

from engine.gold.requirements import Listed, Requirement, normalise, parse, parse_all, read_list
from engine.gold.tree import ProjectTree

TEST, VARIANT, DEV, OTHER = "test", "variant", "dev", "other"
"""What a list of requirements is for: the tests, one way of running them, all of development, or else."""

_TEST_WORDS = frozenset({"test", "tests", "testing", "pytest", "unittest", "unittests"})
_DEV_WORDS = frozenset({"dev", "develop", "development", "devel", "ci", "contrib", "all"})
_FILE_WORDS = frozenset({"requirements", "requirement", "requires", "reqs", "req", "deps", "pip", "ci"})
_REQUIREMENTS_FILE = re.compile(
    r"(?:(?:requirements?|reqs?|deps|pip)/[^/]+|(?:(?:tests?|testing|ci|\.ci|tools)/)?[^/]*require[^/]*)"
    r"\.(?:txt|in|pip)"
)


@dataclass(frozen=True, slots=True)
class Declared:
    """One list of requirements the project states."""

    where: str
    """For the person reading: `extra test`, `tox.ini`, `requirements-dev.txt`."""
    role: str
    listed: Listed


def role(name: str) -> str:
    """What a list of this name is for."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    meant = [word for word in words if word not in _FILE_WORDS]
    if meant and _TEST_WORDS.issuperset(meant):
        return TEST
    if _TEST_WORDS.intersection(meant):
        return VARIANT
    if _DEV_WORDS.intersection(words):
        return DEV
    return OTHER


def toml(tree: ProjectTree, path: str) -> dict[str, Any]:
    """A TOML file's content; empty when there is none or it is broken."""
    try:
        return tomllib.loads(tree.text(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


class _Ini(configparser.ConfigParser):
    """INI files as pytest and tox read them: case counts in names of options."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def ini(text: str) -> configparser.ConfigParser:
    """An INI file's content, as much of it as can be read."""
    parser = _Ini(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        parser.clear()
    return parser


def table(data: object, *keys: str) -> dict[str, Any]:
    """A table inside TOML data, empty when it is absent or something else."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def strings(value: object) -> list[str]:
    """A list's strings; of a string, its lines."""
    if isinstance(value, str):
        return value.splitlines()
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def declared(tree: ProjectTree, metadata: str, factors: frozenset[str]) -> tuple[Declared, ...]:
    """Every list of requirements in the project's files and its wheel's metadata.

    Args:
        tree: the project.
        metadata: text of the wheel's METADATA, empty without one.
        factors: tox's names for the interpreter, such as `py311`.
    """
    pyproject = toml(tree, "pyproject.toml")
    found = [
        *_extras(metadata),
        *_groups(pyproject),
        *_poetry(pyproject),
        *_hatch(table(pyproject, "tool", "hatch"), "hatch"),
        *_hatch(toml(tree, "hatch.toml"), "hatch.toml"),
        *_other_tools(pyproject),
        *_files(tree),
        *_tox(tree, pyproject, factors),
        *_tests_require(tree),
        *_nox(tree),
    ]
    return tuple(each for each in found if each.listed)


def _extras(metadata: str) -> Iterator[Declared]:
    """The extras of the built wheel: whatever made them, they are all there.

    Each is the first of its list's extras; those after it are the ones that it refers to (`p[fast]`).
    """
    message = HeaderParser().parsestr(metadata)
    own = normalise(str(message.get("Name", "")))
    for extra in message.get_all("Provides-Extra") or []:
        requirements = []
        names = [str(extra)]
        for line in message.get_all("Requires-Dist") or []:
            requirement = parse(str(line))
            if requirement and f'extra == "{extra}"' in requirement.marker.replace("'", '"'):
                if requirement.name == own:
                    names += requirement.extras
                    continue
                marker = re.sub(
                    r"(?:\s*and\s*)?\(?extra == ['\"][^'\"]*['\"]\)?", "", requirement.marker
                ).strip()
                requirements.append(
                    Requirement(
                        requirement.name, requirement.extras, requirement.specifier, _balanced(marker)
                    )
                )
        yield Declared(f"extra {extra}", role(str(extra)), Listed(tuple(requirements), tuple(names)))


def brought(metadata: str) -> dict[str, tuple[Requirement, ...]]:
    """What each extra of a built wheel brings, with the extras of its own that it refers to."""
    lists = {normalise(each.listed.extras[0]): each.listed for each in _extras(metadata)}
    found = {}
    for listed in lists.values():
        names = list(map(normalise, listed.extras))
        for name in names:  # grows as further ones are referred to
            more = lists.get(name, Listed())
            listed |= Listed(more.requirements)
            names += [extra for extra in map(normalise, more.extras) if extra not in names]
        found[listed.extras[0]] = listed.requirements
    return found


def _balanced(marker: str) -> str:
    return marker if marker.count("(") == marker.count(")") else ""


def _groups(pyproject: dict[str, Any]) -> Iterator[Declared]:
    groups = {normalise(name): items for name, items in table(pyproject, "dependency-groups").items()}

    def expand(name: str, seen: frozenset[str]) -> Iterator[object]:
        items = groups.get(name)
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                included = normalise(str(item.get("include-group", "")))
                if included not in seen:
                    yield from expand(included, seen | {included})
            else:
                yield item

    for name in groups:
        yield Declared(f"group {name}", role(name), Listed(parse_all(expand(name, frozenset({name})))))


def _poetry(pyproject: dict[str, Any]) -> Iterator[Declared]:
    poetry = table(pyproject, "tool", "poetry")
    lists = {"dev": table(poetry, "dev-dependencies")}
    for name in table(poetry, "group"):
        lists[str(name)] = table(poetry, "group", name, "dependencies")
    for name, entries in lists.items():
        requirements = []
        for key, value in entries.items():
            if isinstance(value, dict) and "path" in value:
                continue  # beside the project, not on an index
            version = value.get("version", "") if isinstance(value, dict) else value
            if isinstance(version, str) and (found := parse(f"{key}{_poetry_version(version)}")):
                requirements.append(found)
        yield Declared(f"poetry group {name}", role(name), Listed(tuple(requirements)))


def _poetry_version(text: str) -> str:
    """Poetry's `^1.2`, `~1.2` and `1.2` as version specifiers."""
    text = text.strip()
    if text in ("", "*") or "||" in text:
        return ""
    if text[0] not in "^~" or text.startswith("~="):
        return f"=={text}" if text[0].isdigit() else text
    lower = text[1:].strip()
    numbers = [int(part) for part in lower.split(".") if part.isdigit()][:3]
    if not numbers:
        return ""
    if text[0] == "^":
        keep = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        keep = min(1, len(numbers) - 1)
    upper = ".".join(str(number) for number in [*numbers[:keep], numbers[keep] + 1])
    return f">={lower},<{upper}"


def _hatch(hatch: dict[str, Any], where: str) -> Iterator[Declared]:
    for name, env in table(hatch, "envs").items():
        items = [*strings(table(env).get("dependencies")), *strings(table(env).get("extra-dependencies"))]
        extras = tuple(strings(table(env).get("features")))
        # What hatch runs everything in, unless told where.
        purpose = DEV if name == "default" else role(name)
        yield Declared(f"{where} environment {name}", purpose, Listed(parse_all(items), extras))


def _other_tools(pyproject: dict[str, Any]) -> Iterator[Declared]:
    for name, items in table(pyproject, "tool", "pdm", "dev-dependencies").items():
        yield Declared(f"pdm group {name}", role(name), Listed(parse_all(strings(items))))
    uv = strings(table(pyproject, "tool", "uv").get("dev-dependencies"))
    yield Declared("uv dev-dependencies", DEV, Listed(parse_all(uv)))


def _files(tree: ProjectTree) -> Iterator[Declared]:
    paths = [path for path in tree if _REQUIREMENTS_FILE.fullmatch(path)]
    for path in paths:
        stem, _, suffix = path.rpartition(".")
        if suffix != "in" and f"{stem}.in" in paths:
            continue  # compiled from the .in, for one interpreter on one machine
        listed = read_list(tree.text(path), tree.text, path.rpartition("/")[0])
        yield Declared(path, role(stem), listed)


def _tox(tree: ProjectTree, pyproject: dict[str, Any], factors: frozenset[str]) -> Iterator[Declared]:
    native = {"pyproject.toml": table(pyproject, "tool", "tox"), "tox.toml": toml(tree, "tox.toml")}
    parsers = {
        "tox.ini": ini(tree.text("tox.ini")),
        "setup.cfg": ini(tree.text("setup.cfg").replace("[tox:tox]", "[tox]")),
        "pyproject.toml": ini(str(native["pyproject.toml"].get("legacy_tox_ini", ""))),
    }
    groups = {each.where.removeprefix("group "): each.listed for each in _groups(pyproject)}
    for where, parser in parsers.items():
        for section in parser.sections():
            if (purpose := _tox_role(section, factors)) is None:
                continue
            deps = _substituted(parser, section, "deps")
            lines = "\n".join(line for raw in deps.splitlines() if (line := _conditional(raw, factors)))
            listed = read_list(lines, tree.text)
            listed |= Listed(
                (), tuple(re.split(r"[,\s]+", parser.get(section, "extras", fallback="").strip()))
            )
            for group in re.split(r"[,\s]+", parser.get(section, "dependency_groups", fallback="").strip()):
                listed |= groups.get(normalise(group), Listed())
            yield Declared(f"{where} [{section}]", purpose, _without_empty(listed))
    for where, content in native.items():
        environments = {"testenv": table(content, "env_run_base")}
        environments |= {f"testenv:{name}": table(env) for name, env in table(content, "env").items()}
        for section, env in environments.items():
            if (purpose := _tox_role(section, factors)) is not None:
                deps = "\n".join(strings(env.get("deps")))
                listed = read_list(re.sub(r"\{(?:toxinidir|tox_root)\}/?", "", deps), tree.text)
                listed |= Listed((), tuple(strings(env.get("extras"))))
                for group in strings(env.get("dependency_groups")):
                    listed |= groups.get(normalise(group), Listed())
                yield Declared(f"{where} tox [{section}]", purpose, listed)


def _without_empty(listed: Listed) -> Listed:
    return Listed(listed.requirements, tuple(extra for extra in listed.extras if extra))


def _tox_role(section: str, factors: frozenset[str]) -> str | None:
    head, _, name = section.partition(":")
    if head != "testenv":
        return None
    if not name or any(part in factors for part in _expand(name)):
        return TEST
    return OTHER if re.match(r"py[\d{p]", name) else role(name)


def _substituted(parser: configparser.ConfigParser, section: str, option: str) -> str:
    """An option with the references of tox that name files and other sections resolved."""
    text = parser.get(section, option, fallback="")
    text = re.sub(
        r"\{\[([^\]{}]+)\](\w+)\}", lambda match: parser.get(match[1], match[2], fallback=""), text[:20_000]
    )
    return re.sub(r"\{(?:toxinidir|tox_root)\}/?", "", text)


def _conditional(line: str, factors: frozenset[str]) -> str:
    """The dependency of a line of tox's, without its condition; empty when the condition does not hold."""
    match = re.fullmatch(r"\s*([!A-Za-z0-9_.{},*\s-]+):\s+(.*)", line)
    if not match:
        return line
    for condition in _expand(match[1].strip()):
        parts = condition.strip().split("-")
        if all((part[1:] not in factors) if part.startswith("!") else part in factors for part in parts):
            return match[2]
    return ""


def _expand(condition: str, limit: int = 64) -> list[str]:
    """Alternatives of a condition: commas, and commas in braces."""
    pending = [condition]
    done: list[str] = []
    while pending and len(done) < limit:
        text = pending.pop()
        if match := re.search(r"\{([^{}]*)\}", text):
            pending += [text[: match.start()] + part + text[match.end() :] for part in match[1].split(",")][
                :limit
            ]
        else:
            done += text.split(",")
    return done


def _tests_require(tree: ProjectTree) -> Iterator[Declared]:
    text = ini(tree.text("setup.cfg")).get("options", "tests_require", fallback="")
    yield Declared("setup.cfg tests_require", TEST, Listed(parse_all(re.split(r"[\n;]", text))))
    module = syntax(tree.text("setup.py"))
    values = _constants(module)
    for node in ast.walk(module) if module else ():
        if isinstance(node, ast.keyword) and node.arg == "tests_require":
            listed = Listed(parse_all(_literals(node.value, values)))
            yield Declared("setup.py tests_require", TEST, listed)


def _nox(tree: ProjectTree) -> Iterator[Declared]:
    module = syntax(tree.text("noxfile.py"))
    values = _constants(module)
    for function in module.body if module else []:
        if not isinstance(function, ast.FunctionDef):
            continue
        name = _session(function)
        if role(name) == OTHER:
            continue
        listed = Listed()
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "install":
                words = "\n".join(text for arg in node.args for text in _literals(arg, values))
                listed |= read_list(re.sub(r"^(-r|-e)\n", r"\1 ", words, flags=re.MULTILINE), tree.text)
        yield Declared(f"noxfile.py {name}", role(name), listed)


def _session(function: ast.FunctionDef) -> str:
    """The name of one of nox's sessions: the one it is given, else its function's."""
    for decorator in function.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg == "name" and (given := _literals(keyword.value, {})):
                return given[0]
    return function.name


def _constants(module: ast.Module | None) -> dict[str, ast.expr]:
    """What names are set to at a module's top."""
    found: dict[str, ast.expr] = {}
    for node in module.body if module else ():
        if isinstance(node, ast.Assign):
            found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[node.target.id] = node.value
    return found


def _literals(node: ast.expr, values: Mapping[str, ast.expr], depth: int = 3) -> list[str]:
    """The strings of an expression: texts and lists of them, and names that `values` knows."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Starred):
        return _literals(node.value, values, depth)
    if isinstance(node, ast.Name) and node.id in values and depth:
        return _literals(values[node.id], values, depth - 1)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [text for item in node.elts for text in _literals(item, values, depth)]
    return []


def syntax(text: str) -> ast.Module | None:
    """Python source as a tree, None when it is no such thing."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def known(lists: Iterable[Declared]) -> dict[str, Requirement]:
    """Every requirement stated anywhere, by name; where several differ, the tests' own first."""
    order = {TEST: 0, VARIANT: 1, DEV: 2, OTHER: 3}
    found: dict[str, Requirement] = {}
    for each in sorted(lists, key=lambda each: order[each.role]):
        for requirement in each.listed.requirements:
            found.setdefault(requirement.name, requirement)
    return found
