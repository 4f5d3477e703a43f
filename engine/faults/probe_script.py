"""Says what a gold image is made of: run in a throwaway container by the tests' Python, as root.

    python probe_script.py  <  {"user": "dev", "paths": [...], "programs": [...], "libraries": [...],
                                "sources": [...], "tests": {"id's file": "path"},
                                "project": "name", "cwd": "/app", "words": [...]}

`paths` and the rest are what the tests were seen to use; the answer on stdout is one JSON object. Standard
library only, Python >= 3.9, nothing of the project. A fact that cannot be read is left out, not an error.
"""

from __future__ import annotations

import ast
import builtins
import io
import json
import os
import pwd
import re
import ssl
import stat
import struct
import sys
import sysconfig
from importlib import metadata

TYPE_CHECKING = False  # as type checkers know it, without importing typing in the container
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

TEXT = 4096
"""Bytes of a small file that are quoted."""


def text(path: str, limit: int = TEXT) -> str:
    """The beginning of a file, empty when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(limit)
    except OSError:
        return ""


def listing(path: str) -> list[str]:
    """Names in a directory, sorted; none when there is no such directory."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def described(path: str) -> dict[str, Any]:
    """What lies at a path, without following it."""
    state = os.lstat(path)
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "symlink"}
    what = kinds.get(stat.S_IFMT(state.st_mode), "other")
    entry: dict[str, Any] = {
        "what": what,
        "mode": stat.S_IMODE(state.st_mode),
        "uid": state.st_uid,
        "gid": state.st_gid,
        "size": state.st_size,
    }
    if what == "symlink":
        entry["target"] = os.readlink(path)
    elif what == "file":
        with open(path, "rb") as file:
            head = file.read(8192)
        try:
            head.decode("utf-8")
            entry["text"] = b"\0" not in head
        except UnicodeDecodeError as error:
            entry["text"] = error.start > len(head) - 4 and b"\0" not in head
        if head.startswith(b"#!"):
            entry["shebang"] = head[2:256].split(b"\n")[0].strip().decode("utf-8", "replace")
            if entry["text"] and state.st_size <= TEXT:
                entry["script"] = head.decode("utf-8")
        if head.startswith(b"\x7fELF"):
            entry["needed"], entry["soname"] = needed(path)
    return entry


def needed(path: str) -> tuple[list[str], str]:
    """What a 64-bit little-endian ELF file links against, and its own name."""
    with open(path, "rb") as file:
        data = file.read()
    if data[4:6] != b"\x02\x01":
        return [], ""
    start, size, count = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    loads, dynamic = [], (0, 0)
    for index in range(count):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, start + index * size)
        if kind == 1:
            loads.append((address, offset, length))
        elif kind == 2:
            dynamic = (offset, length)
    wanted: list[int] = []
    own = strings = 0
    for position in range(dynamic[0], dynamic[0] + dynamic[1], 16):
        tag, value = struct.unpack_from("<qQ", data, position)
        if tag == 1:
            wanted.append(value)
        elif tag == 14:
            own = value
        elif tag == 5:
            strings = next((o + value - a for a, o, n in loads if a <= value < a + n), 0)

    def name(offset: int) -> str:
        begin = strings + offset
        return data[begin : data.index(b"\0", begin)].decode("utf-8", "replace")

    return [name(offset) for offset in wanted], name(own) if own else ""


def distributions() -> Iterator[dict[str, Any]]:
    """What is installed beside the interpreter of the tests."""
    prefix = os.path.realpath(sys.prefix)
    for found in metadata.distributions():
        where = str(getattr(found, "_path", ""))
        if not os.path.realpath(where).startswith(prefix + "/"):
            continue
        info = found.metadata
        base = os.path.dirname(where)
        files = sorted({os.path.normpath(os.path.join(base, str(path))) for path in found.files or ()})
        modules = set((found.read_text("top_level.txt") or "").split())
        for path in files:
            first = os.path.relpath(path, base).split("/")[0]
            if path.endswith((".py", ".so")) and not first.startswith(("..", "__editable__")):
                modules.add(first.split(".")[0])
        yield {
            "name": info["Name"],
            "version": found.version,
            "info": where,
            "modules": sorted(modules),
            "files": [path for path in files if not path.endswith(".pyc")][:5000],
            "requires": sorted({re.split(r"[^A-Za-z0-9._-]", item)[0] for item in found.requires or ()
                                if "extra ==" not in item}),
            "groups": sorted({entry.group for entry in found.entry_points}),
            "editable": '"editable": true' in (found.read_text("direct_url.json") or ""),
        }  # fmt: skip


def packages(paths: Iterable[str]) -> dict[str, str]:
    """The distribution's package each path belongs to."""
    # A merged /usr is listed under its old names too.
    wanted = {path.removeprefix("/usr") if short else path: path for path in paths for short in (0, 1)}
    owners = {}
    folder = "/var/lib/dpkg/info"
    for name in listing(folder):
        if name.endswith(".list"):
            for line in text(os.path.join(folder, name), 1 << 24).splitlines():
                if line in wanted:
                    owners[wanted[line]] = name.removesuffix(".list").split(":")[0]
    return owners


VARIABLE = re.compile(
    r"""(?:environ(?:\.get|\.setdefault|\.pop)?|getenv)\s*[\[(]\s*["']([A-Z][A-Z0-9_]{2,})["']"""
    r"""|["']([A-Z][A-Z0-9_]{2,})["']\s+(?:not\s+)?in\s+(?:os\.)?environ"""
    r"""|envvar\s*=\s*["']([A-Z][A-Z0-9_]{2,})["']"""
)


def variables(sources: Iterable[str]) -> dict[str, list[str]]:
    """Environment variables the sources read, with the files that read them."""
    seen: dict[str, list[str]] = {}
    for path in sources:
        for match in VARIABLE.finditer(text(path, 1 << 20)):
            files = seen.setdefault(next(filter(None, match.groups())), [])
            if path not in files:
                files.append(path)
    return seen


def parsed(path: str) -> ast.Module | None:
    """A source file's syntax tree."""
    try:
        return ast.parse(text(path, 1 << 20))
    except (SyntaxError, ValueError, RecursionError):
        return None


COMMON = frozenset().union(
    *(dir(kind) for kind in (builtins, str, bytes, dict, list, set, int, io.TextIOWrapper))
)
"""Names that builtins and everyday objects have: a mention of one says nothing."""


def definitions(sources: Iterable[str]) -> dict[str, list[str]]:
    """Public functions and methods of the sources, by file; those of one name only once."""
    found = {}
    for path in sources:
        tree = parsed(path)
        nodes = [
            inner
            for node in (tree.body if tree else [])
            for inner in (node.body if isinstance(node, ast.ClassDef) else [node])
        ]
        names = [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
        names = [name for name in names if name[0] != "_" and name not in COMMON]
        if names:
            found[path] = sorted({name for name in names if names.count(name) == 1})
    return found


def mentions(tests: dict[str, str], names: set[str]) -> dict[str, dict[str, list[str]]]:
    """Which of `names` each test file uses: name -> file -> functions, "" for the file's own level."""
    seen: dict[str, dict[str, list[str]]] = {}

    def visit(node: ast.AST, path: str, where: str) -> None:
        for child in ast.iter_child_nodes(node):
            inner = where
            if not where and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = child.name
            used = []
            if isinstance(child, ast.Name):
                used = [child.id]
            elif isinstance(child, ast.Attribute):
                used = [child.attr]
            elif isinstance(child, ast.ImportFrom):
                used = [alias.name for alias in child.names]
            for name in names.intersection(used):
                functions = seen.setdefault(name, {}).setdefault(path, [])
                if inner not in functions:
                    functions.append(inner)
            visit(child, path, inner)

    for name, path in tests.items():
        tree = parsed(path)
        if tree:
            try:
                visit(tree, name, "")
            except RecursionError:
                continue
    return seen


def clues(files: Iterable[str], words: set[str]) -> dict[str, list[str]]:
    """Which of `words` the files' code names; `non-ascii` stands for any character beyond ASCII."""
    seen: dict[str, list[str]] = {}
    for path in files:
        found = set() if text(path, 1 << 20).isascii() else {"non-ascii"}
        for node in ast.walk(parsed(path) or ast.Module([], [])):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add("/tmp" if node.value.startswith("/tmp/") else node.value)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                found.update(part for alias in node.names for part in alias.name.split("."))
                found.update((getattr(node, "module", "") or "").split("."))
        for word in words & found:
            seen.setdefault(word, []).append(path)
    return seen


def plain(name: str) -> str:
    """A distribution's name in the one spelling that all others are equal to."""
    return re.sub(r"[-_.]+", "-", name).lower()


def system(user: str) -> dict[str, Any]:
    """The parts of the system that programs look at without being told to."""
    try:
        entry = pwd.getpwnam(user)
        home = entry.pw_dir
        account = {"name": user, "uid": entry.pw_uid, "home": home, "shell": entry.pw_shell}
    except KeyError:
        home, account = "/root", {"name": user, "uid": 0, "home": "/root", "shell": ""}
    release = dict(line.split("=", 1) for line in text("/etc/os-release").splitlines() if "=" in line)
    verify = ssl.get_default_verify_paths()
    certificates = [verify.cafile, verify.openssl_cafile, "/etc/ssl/certs/ca-certificates.crt"]
    profile = {}
    for name in listing("/etc/profile.d"):
        profile["/etc/profile.d/" + name] = text("/etc/profile.d/" + name)
    for name in (".bash_profile", ".bash_login", ".profile"):
        path = os.path.join(home, name)
        if os.path.exists(path):
            profile[path] = text(path)
    watched = [
        *("/etc/localtime", "/etc/nsswitch.conf", "/etc/ssl/openssl.cnf", "/etc/passwd", "/etc/gitconfig"),
        *("/usr/share/zoneinfo", "/tmp", home),
        *filter(None, certificates),
    ]
    tools = {}
    for name in ("cc", "gcc", "g++", "make", "git", "ldconfig", "locale", "iconv", "update-ca-certificates"):
        for folder in ("/usr/local/bin", "/usr/bin", "/usr/sbin"):
            if os.path.exists(os.path.join(folder, name)):
                tools[name] = os.path.join(folder, name)
    return {
        "distro": release.get("ID", "").strip('"'),
        "release": release.get("VERSION_ID", "").strip('"'),
        "user": account,
        "profile": profile,
        "watched": watched,
        "certificates": sorted({path for path in certificates if path and os.path.exists(path)}),
        "nsswitch": text("/etc/nsswitch.conf"),
        "tools": tools,
        "locales": listing("/usr/lib/locale"),
    }


def interpreter() -> dict[str, Any]:
    """The tests' Python and the virtual environment around it."""
    site = sysconfig.get_path("purelib")
    folder = os.path.dirname(sys.executable)
    stdlib = sysconfig.get_path("stdlib")
    dynload = next((path for path in sys.path if path.endswith("lib-dynload")), "")
    return {
        "version": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "executable": sys.executable,
        "real": os.path.realpath(sys.executable),
        "prefix": sys.prefix,
        "site": site,
        "stdlib": stdlib,
        "dynload": dynload,
        "tag": sysconfig.get_config_var("SOABI") or "",
        "config": text(os.path.join(sys.prefix, "pyvenv.cfg")),
        "pth": {name: text(os.path.join(site, name)) for name in listing(site) if name.endswith(".pth")},
        "scripts": [os.path.join(folder, name) for name in listing(folder)],
    }


SHELL = (
    *(
        "bash",
        "sh",
        "cat",
        "ls",
        "cp",
        "mv",
        "rm",
        "ln",
        "chmod",
        "chown",
        "mkdir",
        "sed",
        "grep",
        "tar",
        "gzip",
    ),
    *("find", "env", "setpriv", "id", "ps", "tmux", "timeout", "dpkg", "openssl", "awk"),
)
"""What the session and the solver work with, the interpreter aside."""


def main() -> None:
    """Read the question, write the answer."""
    asked = json.load(sys.stdin)
    python, around = interpreter(), system(asked["user"])
    everything = {
        *asked["paths"],
        *asked["programs"],
        *asked["libraries"],
        *python["scripts"],
        *around["watched"],
    }
    shell = [
        found for name in SHELL for folder in ("/usr/bin", "/bin") for found in [os.path.join(folder, name)]
    ]
    everything |= {path for path in shell if os.path.exists(path)}
    if python["dynload"]:
        everything |= {os.path.join(python["dynload"], name) for name in listing(python["dynload"])}
    everything |= {os.path.realpath(path) for path in everything}
    files: dict[str, dict[str, Any]] = {}
    while everything:
        path = everything.pop()
        try:
            found = files[path] = described(path)
        except (OSError, struct.error, ValueError, IndexError):
            continue
        more = set()
        if path in asked["libraries"]:  # the name the loader asks for is mostly a link
            more.add(os.path.join(os.path.dirname(path), found.get("soname", "")))
        if os.path.dirname(found.get("target", "")) == "/etc/alternatives":
            more.add(found["target"])
        everything |= more - files.keys()
    defined = definitions(asked["sources"])
    names = {name for found in defined.values() for name in found}
    installed = sorted(distributions(), key=lambda item: str(item["name"]).lower())
    own = {
        path for item in installed if plain(item["name"]) == plain(asked["project"]) for path in item["files"]
    }
    mine = [path for path in asked["sources"] if path in own or path.startswith(asked["cwd"] + "/")]
    answer = {
        "python": python,
        "system": around,
        "distributions": installed,
        "files": dict(sorted(files.items())),
        "packages": packages([path for path in files if not path.startswith(sys.prefix)]),
        "variables": variables(asked["sources"]),
        "definitions": defined,
        "mentions": mentions(asked["tests"], names),
        "clues": clues([*mine, *asked["tests"].values()], set(asked["words"])),
        "shell": sorted(path for path in shell if path in files),
    }
    # ASCII: names with bytes that are no text survive as escapes.
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
