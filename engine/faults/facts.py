"""What a gold image is made of, and what of it the tests feel: the ground every fault is aimed from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from engine.faults.model import Target

if TYPE_CHECKING:
    from engine.suite.protocol import Touch

BAND = (0.05, 0.60)
"""Fractions of the baseline between which a fault is neither a pinprick nor the end of everything."""

LOST = ("/dev", "/proc", "/sys", "/etc/hosts", "/etc/resolv.conf", "/etc/hostname")
"""What the engine manages itself: damage there is not in the image."""

_CACHED = re.compile(r"^(.*/)__pycache__/([^/]+?)\.[^/.]+(?:\.opt-\d)?\.pyc$")


_SCRATCH = re.compile(r"^(/tmp/pytest-of-[^/]+|/tmp)/.*")


def source_of(path: str) -> str:
    """The source of a bytecode file, the place of a scratch file; else the path as it is."""
    match = _CACHED.match(path)
    return f"{match[1]}{match[2]}.py" if match else _SCRATCH.sub(r"\1", path)


class File(msgspec.Struct, frozen=True, omit_defaults=True):
    """One path of the image, not followed."""

    what: str
    """`file`, `dir`, `symlink` or `other`."""
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    target: str = ""
    """Where a symbolic link points."""
    text: bool = False
    shebang: str = ""
    """Interpreter line of a script, without `#!`."""
    script: str = ""
    """A short script's whole text."""
    needed: tuple[str, ...] = ()
    """Sonames an ELF file links against."""
    soname: str = ""


class Distribution(msgspec.Struct, frozen=True, omit_defaults=True):
    """One installed Python distribution."""

    name: str
    version: str
    info: str
    """Its metadata directory."""
    modules: tuple[str, ...] = ()
    """Top-level modules and packages."""
    files: tuple[str, ...] = ()
    """Absolute paths from its record, bytecode left out; empty when it has none."""
    requires: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Groups of its entry points."""
    editable: bool = False


class Python(msgspec.Struct, frozen=True, omit_defaults=True):
    """The tests' interpreter."""

    version: str
    """`3.11`."""
    executable: str
    real: str
    prefix: str
    site: str
    """site-packages."""
    stdlib: str
    dynload: str = ""
    """Directory of the standard library's extension modules, empty when they are built in."""
    tag: str = ""
    """`cpython-311-x86_64-linux-gnu`."""
    config: str = ""
    """Text of pyvenv.cfg."""
    pth: dict[str, str] = {}
    scripts: tuple[str, ...] = ()
    """Everything beside the interpreter, by path."""


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who runs the tests."""

    name: str
    uid: int
    home: str
    shell: str = ""


class System(msgspec.Struct, frozen=True, omit_defaults=True):
    """What programs look at without being told to."""

    user: User
    distro: str = ""
    release: str = ""
    profile: dict[str, str] = {}
    """Scripts a login shell of the tests' user reads, by path."""
    certificates: tuple[str, ...] = ()
    """Bundles of certificate authorities."""
    nsswitch: str = ""
    tools: dict[str, str] = {}
    """Well-known programs that are there, by name."""
    locales: tuple[str, ...] = ()


class Image(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the probe's script answers."""

    python: Python
    system: System
    distributions: tuple[Distribution, ...]
    files: dict[str, File]
    """Every path that is used or worth a look."""
    packages: dict[str, str] = {}
    """Path -> package of the distribution's own package manager."""
    variables: dict[str, tuple[str, ...]] = {}
    """Environment variables that imported sources read -> those sources."""
    definitions: dict[str, tuple[str, ...]] = {}
    """Source file -> its top-level functions."""
    mentions: dict[str, dict[str, tuple[str, ...]]] = {}
    """Name of such a function -> test file -> functions that use it, "" for the file's own level."""
    clues: dict[str, tuple[str, ...]] = {}
    """Telling words -> files of the project and its tests that have them."""
    shell: tuple[str, ...] = ()
    """Programs the session and the solver work with."""


class Closure(msgspec.Struct, frozen=True):
    """What one test file has loaded once it is collected."""

    file: str
    modules: dict[str, str] = {}
    """Module -> its file, empty for those without one."""
    maps: tuple[str, ...] = ()


class Uses(msgspec.Struct, frozen=True):
    """Which tests feel what. Many things are felt by the same tests, so sets of tests are kept once."""

    groups: tuple[tuple[int, ...], ...] = ()
    """Distinct sets of tests, as positions in the baseline."""
    paths: dict[str, int] = {}
    """Name -> its group; likewise below."""
    modules: dict[str, int] = {}
    programs: dict[str, int] = {}
    libraries: dict[str, int] = {}
    hosts: dict[str, int] = {}


class Facts(msgspec.Struct, frozen=True, dict=True):
    """All that is known of a gold environment before anything is broken."""

    baseline: tuple[str, ...]
    image: Image
    uses: Uses
    project: str = ""
    """The project's distribution."""
    protected: tuple[str, ...] = ("/app",)
    user: str = "dev"

    @cached_property
    def everything(self) -> frozenset[str]:
        """The whole baseline."""
        return frozenset(self.baseline)

    @cached_property
    def _sets(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(self.baseline[index] for index in group) for group in self.uses.groups)

    @cached_property
    def _paths(self) -> Mapping[str, frozenset[int]]:
        return _with_parents(self.uses.paths, "/")

    @cached_property
    def _modules(self) -> Mapping[str, frozenset[int]]:
        return _with_parents(self.uses.modules, ".")

    def _union(self, numbers: Iterable[int]) -> frozenset[str]:
        return frozenset().union(*(self._sets[number] for number in numbers))

    def tests_touching(self, path: str) -> frozenset[str]:
        """Tests that open the path, or anything below it."""
        return self._union(self._paths.get(path.rstrip("/"), ()))

    def tests_importing(self, *modules: str) -> frozenset[str]:
        """Tests that import one of the modules, or a submodule of one."""
        return self._union({number for name in modules for number in self._modules.get(name, ())})

    def tests_running(self, program: str) -> frozenset[str]:
        """Tests that execute the program at this path."""
        number = self.uses.programs.get(program)
        return frozenset() if number is None else self._sets[number]

    def tests_mapping(self, library: str) -> frozenset[str]:
        """Tests whose process maps the shared object at this path."""
        number = self.uses.libraries.get(library)
        return frozenset() if number is None else self._sets[number]

    @cached_property
    def tests_resolving(self) -> frozenset[str]:
        """Tests that look a host name up."""
        return self._union(set(self.uses.hosts.values()))

    def tests_mentioning(self, name: str) -> frozenset[str]:
        """Tests whose own code uses this name."""
        seen = self.image.mentions.get(name, {})
        return frozenset(
            test for test in self.baseline if set(seen.get(file_of(test), ())) & {"", function_of(test)}
        )

    def breadth(self, tests: frozenset[str]) -> float:
        """The fraction of the baseline these tests are."""
        return len(tests & self.everything) / max(1, len(self.baseline))

    def free(self, path: str) -> bool:
        """Whether damage at this path is allowed, stays in an image, and can be typed."""
        taken = (*self.protected, *LOST)
        return (
            path.startswith("/")
            and path.isprintable()
            and len(path) < 200
            and not any(path == place or path.startswith(place + "/") for place in taken)
        )

    def ranked(self, targets: Iterable[Target], limit: int = 40) -> list[Target]:
        """Targets in the order of their promise: in the band, any part of the tests, all of them, unknown.

        Within a rank, targets that different tests feel come before more of the same.
        """
        twins: dict[frozenset[str], int] = {}
        keyed = []
        for target in sorted(targets, key=lambda target: target.label):
            twin = twins[target.tests] = twins.get(target.tests, -1) + 1
            keyed.append((self.rank(target.tests), twin, target.label, target))
        return [target for *_, target in sorted(keyed, key=lambda item: item[:3])][:limit]

    def rank(self, tests: frozenset[str]) -> int:
        """0 within the band, 1 for another part of the baseline, 2 for all of it, 3 for who knows."""
        breadth = self.breadth(tests)
        if not breadth:
            return 3
        if breadth == 1.0:
            return 2
        return 0 if BAND[0] <= breadth <= BAND[1] else 1

    # ---- who owns what

    @cached_property
    def owners(self) -> Mapping[str, Distribution]:
        """File of a Python distribution -> the distribution."""
        return {path: found for found in self.image.distributions for path in found.files}

    @cached_property
    def harness(self) -> frozenset[str]:
        """Names of the distributions pytest itself stands on: without one, no project's tests run."""
        known = {_canonical(found.name): found for found in self.image.distributions}
        wanted, queue = set[str](), ["pytest"]
        while queue:
            name = _canonical(queue.pop())
            if name in known and name not in wanted:
                wanted.add(name)
                queue += known[name].requires
        return frozenset(known[name].name for name in wanted)

    def own(self, path: str) -> bool:
        """Whether a file is the project's, in its sources or as installed."""
        if any(path.startswith(place + "/") for place in self.protected):
            return True
        owner = self.owners.get(path)
        return owner is not None and _canonical(owner.name) == _canonical(self.project)

    def requirement(self, found: Distribution) -> str:
        """What to tell pip to have a distribution installed again: the project's comes from its sources."""
        if _canonical(found.name) == _canonical(self.project) and self.protected:
            return self.protected[0]
        return f"{found.name}=={found.version}"

    @cached_property
    def core(self) -> frozenset[str]:
        """Sonames that the shell, the solver's tools and the interpreter cannot do without."""
        files = self.image.files
        by_soname = {file.soname: file for file in files.values() if file.soname}
        wanted, queue = set[str](), list[str]()
        for path in (*self.image.shell, self.image.python.real):
            file = files.get(path, File("other", 0))
            real = os.path.normpath(os.path.join(os.path.dirname(path), file.target))
            queue += files.get(real, file).needed
        while queue:
            name = queue.pop()
            if name not in wanted:
                wanted.add(name)
                queue += by_soname[name].needed if name in by_soname else ()
        return frozenset(wanted)

    def module_file(self, path: str) -> bool:
        """Whether a path is code rather than data."""
        return path.endswith((".py", ".pyc", ".pyi", ".pth", ".so", ".a", ".h")) or ".so." in path


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _with_parents(uses: Mapping[str, int], sign: str) -> Mapping[str, frozenset[int]]:
    """The groups of each name and of everything that lies below it."""
    below: dict[str, set[int]] = {}
    for name, group in uses.items():
        while name:
            below.setdefault(name, set()).add(group)
            name = name.rpartition(sign)[0]
    return {name: frozenset(groups) for name, groups in below.items()}


def file_of(test: str) -> str:
    """The file part of a test's id."""
    return test.split("::")[0]


def function_of(test: str) -> str:
    """The function part of a test's id, without its parameters."""
    return test.split("[")[0].split("::")[-1]


def gather(
    baseline: Sequence[str], touched: Mapping[str, Touch], closures: Iterable[Closure], lenient: bool
) -> Uses:
    """Who uses what, from what each test was seen to do and what each test file loads.

    Args:
        baseline: the tests, in order.
        touched: what each test used; "" is start-up and collection.
        closures: what each file loads.
        lenient: whether the suite goes on when one file cannot be collected.
    """
    position = {test: index for index, test in enumerate(baseline)}
    everyone = frozenset(position.values())
    found: dict[str, dict[str, set[int] | frozenset[int]]] = {
        kind: {} for kind in ("paths", "modules", "programs", "libraries", "hosts")
    }

    def note(kind: str, name: str, tests: Iterable[int]) -> None:
        found[kind][name] = {*found[kind].get(name, ()), *tests}

    closures = list(closures)
    missing = {file_of(test) for test in baseline} - {closure.file for closure in closures}
    if closures and missing:
        common = Closure(
            "",
            dict(set.intersection(*(set(closure.modules.items()) for closure in closures))),
            tuple(set.intersection(*(set(closure.maps) for closure in closures))),
        )
        closures += [msgspec.structs.replace(common, file=file) for file in sorted(missing)]
    known: dict[str, set[str]] = {"paths": set(), "libraries": set(), "modules": set()}
    for closure in closures:
        mine = frozenset(index for test, index in position.items() if file_of(test) == closure.file)
        tests = mine if lenient else everyone
        for module, path in closure.modules.items():
            note("modules", module, tests)
            known["modules"].add(module)
            if path:
                note("paths", source_of(path), tests)
                known["paths"].add(source_of(path))
        for path in closure.maps:
            note("libraries", path, tests)
            known["libraries"].add(path)
    for test, touch in touched.items():
        if test and test not in position:
            continue
        users = [position[test]] if test else everyone
        for kind, names in (
            ("paths", {source_of(path) for path in touch.paths}),
            ("modules", touch.imports),
            ("programs", touch.execs),
            ("libraries", touch.libs),
            ("hosts", touch.hosts),
        ):
            for name in names:
                if test or name not in known.get(kind, ()):
                    note(kind, name, users)
    groups: dict[tuple[int, ...], int] = {}
    numbered = {
        kind: {
            name: groups.setdefault(tuple(sorted(tests)), len(groups))
            for name, tests in sorted(names.items())
        }
        for kind, names in found.items()
    }
    return Uses(groups=tuple(groups), **numbered)
