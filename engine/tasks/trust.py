"""What a verdict stands on, worked out from gold: programs, libraries, modules, start-up files.

The grader runs where a solver was root. It first finds out, with a static tool of its own, that the programs
it needs are gold's, and then, with the interpreter among them, that what the tests are run with is, too.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from engine.gold.model import TestCommand
from engine.sandbox.delta import Tree, below
from engine.tasks.grader.packages import CODE, SITES, State, counts, state
from engine.tasks.paths import mark, resolve

LOADER = re.compile(r"/(usr/)?lib(32|64)?/(ld-linux[\w.-]*\.so\.\d+|ld-musl-\w+\.so\.1)")
LIBRARIES = re.compile(r"/(usr/(local/)?)?lib(32|64)?/([\w-]+-linux-\w+/)?[^/]+\.so(\.[^/]*)?")
SHARED = re.compile(r".*\.so(\.[\w.-]+)?")
"""Libraries and extension modules, wherever they lie."""
NAMED = re.compile(r"/.*/(gconv|gconv-modules\.d|ossl-modules|engines-[\w.]+)")
"""Directories of what is loaded because a setting, a variable or a locale names it."""
BY_NAME = (
    "libnss_*",
    "glibc-hwcaps/*/*",
    *(f"{name}/*" for name in ("tls", "haswell", "xeon_phi", "avx512_1", "x86_64", "atomics", "aarch64")),
)
"""What is looked up in directories of libraries: services, and libraries for a machine's abilities, which the
loader prefers. Source: `ld.so --help`, also before glibc 2.37."""
LOGIN = ("/etc/profile", "/etc/bash.bashrc")
HOME_LOGIN = (".bash_profile", ".bash_login", ".profile", ".bashrc", ".bash_aliases")
"""Files a login bash reads, by itself or as Debian's of them say. Source: bash(1), INVOCATION."""
ACCOUNT = ("/etc/passwd", "/etc/nsswitch.conf")
"""Where a user's name is looked up."""
ABSENT = ("/etc/ld.so.preload",)


@dataclass(frozen=True)
class Trust:
    """What `test.sh` checks before it believes any program of the container; for GNU-like `sha256sum -c`."""

    programs: tuple[str, ...]
    """Of which the shared libraries must be gold's."""
    loader: str
    """The dynamic loader, which tells these libraries."""
    files: Mapping[str, str]
    """Programs, loader and standard library with their sha256."""
    libraries: Mapping[str, str]
    """Everything in gold that could be such a library."""
    absent: tuple[str, ...]
    """What would redirect a program, and is not in gold."""
    library: str
    """The standard library's directory."""
    links: tuple[str, ...]
    """Links in it."""

    def render(self) -> dict[str, bytes]:
        """As files of `tests/trust/`, by name."""
        lists = {
            "programs": self.programs,
            "loader": (self.loader,),
            "library": (self.library,),
            "absent": self.absent,
            "links": self.links or ("/",),
            "files": [f"{digest}  {path}" for path, digest in sorted(self.files.items())],
            "libraries": [f"{digest}  {path}" for path, digest in sorted(self.libraries.items())],
        }
        return {
            name: "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
            for name, lines in lists.items()
        }


def read(files: Mapping[str, bytes]) -> Trust:
    """What `Trust.render` wrote.

    Raises:
        KeyError: a file is missing.
        ValueError: a digest is.
    """
    lists = {name: data.decode("utf-8", "surrogateescape").split("\n")[:-1] for name, data in files.items()}
    (loader,), (library,) = lists["loader"], lists["library"]
    digests = {
        name: {path: digest for digest, path in (line.split("  ", 1) for line in lists[name])}
        for name in ("files", "libraries")
    }
    return Trust(
        programs=tuple(lists["programs"]),
        loader=loader,
        files=digests["files"],
        libraries=digests["libraries"],
        absent=tuple(lists["absent"]),
        library=library,
        links=() if lists["links"] == ["/"] else tuple(lists["links"]),
    )


def trust(tree: Tree, test: TestCommand, interpreter: str) -> Trust:
    """What is to be trusted where `test` runs in a container of `tree`."""
    used = ["/bin/bash", "/usr/bin/env", *(["/usr/bin/setpriv"] if test.user != "root" else [])]
    programs = [interpreter, *(resolve(tree, path) for path in used)]
    loader = next((resolve(tree, path) for path in sorted(tree) if LOADER.fullmatch(path)), "")
    library = standard_library(tree, interpreter)
    files = {path: tree[path].digest for path in (*programs, loader) if path in tree}
    files |= {
        path: entry.digest
        for path, entry in tree.items()
        if library and below(path, library) and entry.what == "file" and _plain(path)
        if path.endswith(CODE) and not {*SITES, "__pycache__"} & {*path.split("/")}
    }
    return Trust(
        programs=tuple(path for path in programs if path in tree),
        loader=loader,
        files=files,
        libraries={
            path: entry.digest
            for path, entry in tree.items()
            if entry.what == "file" and LIBRARIES.fullmatch(path) and _plain(path)
        },
        absent=tuple(path for path in _redirecting(tree, test, interpreter, library) if path not in tree),
        library=library,
        links=tuple(
            path
            for path, entry in sorted(tree.items())
            if library and below(path, library) and entry.what == "symlink" and _plain(path)
        ),
    )


def _plain(path: str) -> bool:
    return path.isprintable() and "\\" not in path


def standard_library(tree: Tree, interpreter: str) -> str:
    """The directory of the interpreter's own modules; empty when there is none like it."""
    prefix = posixpath.dirname(posixpath.dirname(interpreter))
    name = posixpath.basename(interpreter)
    found = [
        posixpath.dirname(path)
        for path in tree
        if fnmatchcase(path, f"{prefix.rstrip('/')}/lib/python3.*/os.py")
    ]
    return next((path for path in found if posixpath.basename(path) == name), min(found, key=len, default=""))


def _redirecting(tree: Tree, test: TestCommand, interpreter: str, library: str) -> Iterator[str]:
    """Files that tell an interpreter where its modules are. Source: CPython's Modules/getpath.py."""
    yield from ABSENT
    for folder in sorted({posixpath.dirname(interpreter), posixpath.dirname(test.python)}):
        yield f"{folder}/pybuilddir.txt"
        yield f"{folder}/Modules/Setup.local"
        yield f"{folder}/pyvenv.cfg"
        yield f"{posixpath.dirname(folder).rstrip('/')}/pyvenv.cfg"
        for name in (posixpath.basename(interpreter), posixpath.basename(test.python), "python"):
            yield f"{folder}/{name}._pth"
    if library:
        major, _, minor = posixpath.basename(library).removeprefix("python").partition(".")
        lib = posixpath.dirname(library)
        for prefix in {posixpath.dirname(lib), posixpath.dirname(posixpath.dirname(test.python))}:
            for each in ("lib", "lib64"):
                yield f"{prefix.rstrip('/')}/{each}/python{major}{minor}.zip"
        for folder in sorted({posixpath.dirname(interpreter), posixpath.dirname(test.python)}):
            for each in ("lib", "lib64"):  # looked for here before it is beside
                yield f"{folder}/{each}/{posixpath.basename(library)}"


def packages(tree: Tree, sites: Iterable[str], library: str) -> dict[str, dict[str, State]]:
    """What can be imported from each directory of modules in gold, by name."""
    places = {
        posixpath.dirname(path)
        for path in tree
        if posixpath.basename(posixpath.dirname(path)) in SITES
        and any(fnmatchcase(posixpath.dirname(path), pattern) for pattern in sites)
    }
    found: dict[str, dict[str, list[tuple[str, str, int]]]] = {
        place: {} for place in (*places, *([library] if library else []))
    }
    for path, entry in tree.items():
        if not path.endswith(CODE) and entry.what != "symlink":
            continue
        for place, names in found.items():
            if not below(path, place):
                continue
            inside = path[len(place) + 1 :]
            real = tree.get(resolve(tree, path)) if entry.what == "symlink" else None
            if (entry.what in ("file", "symlink") and counts(inside)) or (
                real is not None and real.what == "dir" and counts(f"{inside}/x.py")
            ):
                names.setdefault(inside.split("/")[0], []).append(
                    (inside, mark(entry), entry.size if entry.what == "file" else 0)
                )
    return {place: {name: state(files) for name, files in names.items()} for place, names in found.items()}


def _loadable(path: str) -> bool:
    return bool(SHARED.fullmatch(path) or NAMED.fullmatch(posixpath.dirname(path)))


def _patterns(tree: Tree) -> tuple[str, ...]:
    """Where a file that gold had not could be loaded without anything else being changed."""
    libraries = {posixpath.dirname(path) for path in tree if LIBRARIES.fullmatch(path)}
    named = {path for path, entry in tree.items() if entry.what == "dir" and NAMED.fullmatch(path)}
    services = {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", *libraries}
    return (
        *(f"{folder}/{name}" for folder in sorted(services) for name in BY_NAME),
        *(f"{folder}/*" for folder in sorted(named)),
    )


def watched(
    tree: Tree, test: TestCommand, interpreter: str, roots: Sequence[str], sites: Sequence[str]
) -> dict[str, Any]:
    """The fields of a contract that are about what the tests are run with."""
    home = "/root" if test.user == "root" else f"/home/{test.user}"
    login = [*LOGIN, *(f"{home}/{name}" for name in HOME_LOGIN)]
    login += [path for path in sorted(tree) if posixpath.dirname(path) == "/etc/profile.d"]
    venv = f"{posixpath.dirname(posixpath.dirname(test.python))}/pyvenv.cfg"
    ssl = sorted(path for path in tree if posixpath.basename(path) == "openssl.cnf")
    library = standard_library(tree, interpreter)
    search = [word.removeprefix("PATH=") for word in test.argv("") if word.startswith("PATH=")]
    # The last two are what a usual ~/.profile puts first when they are there.
    folders = (*dict.fromkeys(":".join(search).split(":")), f"{home}/bin", f"{home}/.local/bin")
    return {
        "python": test.python,
        "user": test.user,
        "packages": packages(tree, sites, library),
        "programs": {
            path: mark(real)
            for path, entry in tree.items()
            if posixpath.dirname(path) in folders or (entry.what == "file" and _loadable(path))
            if entry.what in ("file", "symlink") and (real := tree.get(resolve(tree, path))) is not None
            if real.what == "file"
        },
        "plugins": {
            path: mark(entry)
            for path, entry in tree.items()
            if posixpath.basename(path) == "entry_points.txt"
        },
        "caches": {
            path: mark(entry)
            for path, entry in tree.items()
            if "__pycache__" in path and any(below(path, root) for root in roots)
        },
        "login": tuple(login),
        "named": _patterns(tree),
        "texts": tuple(
            path for path in (*login, *ACCOUNT, venv, *ssl) if path in tree and tree[path].what == "file"
        ),
        "venv": (venv,),
        "search": folders,
    }
