"""Wheels: the project's own from its sources, and a wheelhouse of all its tests need."""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO

from engine.errors import GoldError
from engine.gold.builder import HOME, PYTHON, Builder, StepFailed, unreachable
from engine.gold.declared import brought, table, toml
from engine.gold.discover import PYTEST, compiled, packaged, version_from_vcs
from engine.gold.requirements import Requirement, normalise, parse
from engine.gold.tree import MAX_BYTES, Member, ProjectTree

SOURCE = f"{HOME}/src"
_PROJECT = f"{HOME}/project"
_ATTEMPTS = 12
_ROOTS = ("src", "lib", "python")
"""Directories that hold a project's packages and are none themselves."""

OTHER_BASE = 'name an image with such a Python in gold.toml: base = "..."'

OLD = f"{HOME}/older.txt"
OLDER = b"setuptools<70\n"
"""For projects whose build needs what newer versions of setuptools have dropped."""

_PRETEND = {
    "SETUPTOOLS_SCM_PRETEND_VERSION": "{}",
    "HATCH_VCS_PRETEND_VERSION": "{}",
    "PBR_VERSION": "{}",
    "PDM_BUILD_SCM_VERSION": "{}",
    "POETRY_DYNAMIC_VERSIONING_BYPASS": "{}",
    "VERSIONEER_OVERRIDE": "{}",
}
"""How the tools that read a version from version control are told one."""

_NO_VERSION = re.compile(
    r"setuptools-scm was unable to detect version|Versioning failed|unable to detect version|get_version|"
    r"Error getting the version from source|git repository|Unable to determine the version",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Project:
    """The project as a wheel; without one, it is used from its sources alone."""

    wheel: str = ""
    """File name."""
    data: bytes = b""
    metadata: str = ""
    """Text of the wheel's METADATA."""

    @property
    def name(self) -> str:
        """Normalised name of the distribution."""
        return normalise(self.wheel.split("-")[0]) if self.wheel else ""

    @property
    def version(self) -> str:
        """Version of the distribution."""
        return self.wheel.split("-")[1] if self.wheel else ""


@dataclass
class Wheelhouse:
    """All wheels a gold image is installed from."""

    wheels: dict[str, bytes]
    pip: tuple[str, ...]
    """The requirements that could be had, maybe looser than asked for."""
    extras: tuple[str, ...]
    remarks: list[str] = field(default_factory=list)
    """What was given up, one line each."""

    @property
    def versions(self) -> dict[str, str]:
        """Version of each distribution, by normalised name."""
        return {normalise(name.split("-")[0]): name.split("-")[1] for name in sorted(self.wheels)}


async def fetch_sdist(builder: Builder, name: str, version: str) -> bytes:
    """The source distribution of one release, as the host's pip would get it.

    Raises:
        GoldError: there is none.
    """
    folder = f"{HOME}/sdist"
    # For this project alone: what it is built with may come as wheels.
    options = ["--use-pep517", "--no-deps", "--no-clean", "--no-binary", name, "-d", folder]
    command = [PYTHON, "-m", "pip", "download", *options, f"{name}=={version}"]
    doing = f"fetching {name}=={version}"

    async def succeeds(words: list[str]) -> bool:
        with contextlib.suppress(StepFailed):
            await builder.run(words, doing=doing)
            return True
        return False

    try:
        await builder.run(command, doing=doing)
    except StepFailed as error:
        if "No matching distribution" in error.output and not unreachable(error.output):
            raise absent(name, version, builder.base.python, error.output) from error
        again = needs_compiler(error.output) and await builder.compiler() and await succeeds(command)
        if not again and (unreachable(error.output) or not await succeeds(_unpacked(folder, name, version))):
            raise
    found = await builder.files(folder, (".tar.gz", ".tgz", ".tar.bz2", ".zip"))
    if not found:
        raise GoldError(f"pip fetched no source distribution of {name}=={version}")
    return next(iter(found.values()))


def _unpacked(folder: str, name: str, version: str) -> list[str]:
    """Packs what pip has unpacked of a source distribution that cannot say what it needs.

    pip asks a project that before it hands out the archive, though nobody wants to know it yet.
    """
    script = (
        f"set -eu; mkdir -p {folder}; set -- {HOME}/tmp/pip-download-*/*_*/PKG-INFO; "
        'cd "$(dirname "$1")"; tar -C .. -czf "$0" "${PWD##*/}"'
    )
    return ["sh", "-c", script, f"{folder}/{name}-{version}.tar.gz"]


def absent(name: str, version: str, python: str, output: str) -> GoldError:
    """What to tell of a release that pip does not find."""
    release = f"{name}=={version}"
    if match := re.search(rf"[ ;]{re.escape(version)} Requires-Python ([^;\n]+)", output):
        return GoldError(f"{release} needs Python {match[1]}, the base image has {python}", OTHER_BASE)
    hint = "check the name and the version, or give a directory with the sources"
    if match := re.search(r"\(from versions: (\d[^)]*)\)", output):
        newest = ", ".join(match[1].split(", ")[-4:])
        hint = f"the newest there are: {newest}; or give a directory with the sources"
    return GoldError(f"the package index has no source distribution {release}", hint)


async def project_wheel(builder: Builder, tree: ProjectTree, vcs: bytes, version: str) -> Project:
    """The project built into a wheel.

    Args:
        builder: where it is built.
        tree: its sources.
        vcs: a tar of its version control's files, for versions that are read from there; may be empty.
        version: the version to give it where version control does not say one.

    Raises:
        GoldError: it cannot be built.
    """
    if not packaged(tree):
        return Project()
    builder.say("building the project")
    sandbox = await builder.sandbox()
    await builder.put({f"{SOURCE}/.keep": b""})
    await sandbox.put(tree.with_members(tree.packed).tar(), SOURCE)
    if vcs and version_from_vcs(tree):
        await sandbox.put(vcs, SOURCE)
    if compiled(tree):
        await builder.compiler()
    command = [PYTHON, "-m", "pip", "wheel", "--use-pep517", "--no-deps", "-w", _PROJECT, SOURCE]
    env: dict[str, str] = {}
    while True:
        try:
            await builder.run(command, doing="building the project", env=env)
            break
        except StepFailed as error:
            if match := re.search(r"requires a different Python: (\S+) not in '([^']*)'", error.output):
                raise GoldError(
                    f"the project needs Python {match[2]}, the base image has {match[1]}",
                    OTHER_BASE,
                ) from error
            if not env.keys() & _PRETEND.keys() and _NO_VERSION.search(error.output):
                env |= {name: form.format(version or "0.0.0") for name, form in _PRETEND.items()}
            elif needs_compiler(error.output) and await builder.compiler():
                continue
            elif OLD not in env.values() and not unreachable(error.output):
                await builder.put({OLD: OLDER})
                env["PIP_CONSTRAINT"] = OLD
            elif table(toml(tree, "pyproject.toml"), "build-system") or "setup.py" in tree:
                raise
            else:
                builder.say(f"it is no package ({error}): its sources are used as they are")
                return Project()
    return await _only_wheel(builder, _PROJECT)


async def released_wheel(builder: Builder, name: str, version: str) -> Project:
    """The wheel that the index has of a release, for one that cannot be built from its sources.

    Raises:
        GoldError: it has none that fits.
    """
    folder = f"{HOME}/released"
    options = ["--no-deps", "--only-binary", ":all:", "-d", folder]
    release = f"{name}=={version}"
    await builder.run([PYTHON, "-m", "pip", "download", *options, release], doing=f"fetching {release}")
    return await _only_wheel(builder, folder)


async def _only_wheel(builder: Builder, folder: str) -> Project:
    built = await builder.files(folder, ".whl")
    name, data = next(iter(built.items()), ("", b""))
    if not re.fullmatch(r"[^-]+-[^-]+(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl", name):
        raise GoldError("building the project gave no wheel", "try `pip wheel .` in it")
    with zipfile.ZipFile(BytesIO(data)) as wheel:
        place = next(
            (item for item in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", item)), ""
        )
        metadata = wheel.read(place).decode("utf-8", "replace") if place else ""
    return Project(name, data, metadata)


_TEST_FILE = re.compile(r"(?:.*/)?(?:test_[^/]*|[^/]*_test|tests?|conftest)\.py")


def overlay(tree: ProjectTree, project: Project) -> dict[str, Member]:
    """What the wheel has of the packages that tests import from the sources, and the sources have not.

    Tests run in the project's directory, so packages at its top are imported from there, where extension
    modules and generated files (`_version.py`) would be missing. So are packages below `src` that have
    tests in them.
    """
    if not project.wheel:
        return {}
    packages = {path.split("/")[0]: "" for path in tree if path.endswith("/__init__.py")}
    for path in tree:
        root, _, inside = path.partition("/")
        if root in _ROOTS and "/" in inside and _TEST_FILE.fullmatch(inside):
            packages[inside.split("/")[0]] = f"{root}/"
    found: dict[str, Member] = {}
    beside: set[str] = set()
    total = 0
    with zipfile.ZipFile(BytesIO(project.data)) as wheel:
        for info in wheel.infolist():
            top, _, rest = info.filename.partition("/")
            place = packages.get(top, "") + info.filename
            total += info.file_size
            if total > MAX_BYTES:
                raise GoldError("the project's wheel is too large")
            module = not rest and top.endswith(".so")
            if info.is_dir() or ".." in info.filename.split("/") or place in tree:
                continue
            if top in packages or (module and f"{top.split('.')[0]}.py" in tree):
                found[place] = Member(wheel.read(info), "", False, tree.newest)
                if place.endswith(".so"):
                    beside.add(packages.get(top, ""))
        # What extension modules of an index's wheel are linked with lies beside their package.
        for info in wheel.infolist() if beside else ():
            if re.fullmatch(r"[\w.-]+\.libs/[^/]+", info.filename):
                library = Member(wheel.read(info), "", False, tree.newest)
                found |= {f"{root}{info.filename}": library for root in beside}
    return found


async def wheelhouse(
    builder: Builder, project: Project, pip: Iterable[str], extras: Iterable[str], *, loosen: bool = True
) -> Wheelhouse:
    """Wheels of the project, its extras and the requirements, with all they depend on.

    What cannot be had is loosened (its version dropped), then left out, for the tests' requirements only;
    the project's own have to be met.

    Args:
        builder: where they are fetched and built.
        project: the project's wheel.
        pip: requirements.
        extras: extras of the project.
        loosen: False when a person wrote the requirements: then they are met or it is an error.

    Raises:
        GoldError: the project's requirements, or pytest, cannot be had.
    """
    wanted = [requirement for text in pip if (requirement := parse(text))]
    chosen = tuple(extras)
    remarks: list[str] = []
    if project.wheel:
        await builder.put({f"{_PROJECT}/{project.wheel}": project.data})
    for attempt in range(_ATTEMPTS):
        folder = f"{HOME}/wheels-{attempt}"
        lines = [requirement.text for requirement in wanted]
        if project.wheel:
            names = f"[{','.join(chosen)}]" if chosen else ""
            lines.insert(0, f"{project.name}{names} @ file://{_PROJECT}/{project.wheel}")
        await builder.put({f"{HOME}/requirements.txt": "\n".join(lines).encode() + b"\n"})
        command = [
            PYTHON,
            "-m",
            "pip",
            "wheel",
            "--use-pep517",
            "--prefer-binary",
            "-w",
            folder,
            "-r",
            f"{HOME}/requirements.txt",
        ]
        builder.say(f"fetching wheels for {len(lines)} requirements")
        try:
            await builder.run(["rm", "-rf", folder], doing="clearing a directory")
            await builder.run(command, doing="fetching the requirements")
        except StepFailed as error:
            if needs_compiler(error.output) and await builder.compiler():
                continue
            if not loosen or unreachable(error.output):
                raise
            wanted, chosen, remark = looser(wanted, chosen, project, error)
            builder.say(remark)
            remarks.append(remark)
            continue
        wheels = _with_tools(await builder.files(folder, ".whl"), builder.bundled)
        house = Wheelhouse(wheels, tuple(item.text for item in wanted), chosen, remarks)
        if not loosen or not outdated(version := house.versions.get("pytest", "")):
            return house
        wanted = [PYTEST, *(item for item in wanted if item.name != PYTEST.name)]
        remarks.append(f"pytest {version} is too old for this Python: a newer one is taken")
        builder.say(remarks[-1])
    raise GoldError(
        "the requirements of the tests cannot be met together", "list them in gold.toml: pip = [...]"
    )


async def further_wheels(
    builder: Builder, wanted: Iterable[Requirement], installed: Mapping[str, str]
) -> dict[str, bytes]:
    """Wheels of what a project can do without, beside the installed ones, which stay what they are.

    Raises:
        StepFailed: not all of it can be had, or not without building any.
    """
    folder, pins = f"{HOME}/further", f"{HOME}/installed.txt"
    lines = "".join(f"{name}=={version}\n" for name, version in installed.items())
    await builder.put({pins: lines.encode()})
    options = ["--only-binary", ":all:", "-c", pins, "-d", folder]
    texts = [requirement.text for requirement in wanted]
    doing = "fetching what the project can do without"
    builder.say(f"{doing}: {' '.join(texts)}")
    await builder.run([PYTHON, "-m", "pip", "download", *options, *texts], doing=doing)
    found = await builder.files(folder, ".whl")
    return {name: data for name, data in found.items() if normalise(name.split("-")[0]) not in installed}


def outdated(version: str) -> bool:
    """Whether a version of pytest is older than the oldest the tests are run with."""
    numbers = [int(part) for part in re.findall(r"\d+", version)[:3]]
    return bool(numbers) and numbers < [int(part) for part in re.findall(r"\d+", PYTEST.specifier)]


def _with_tools(wheels: Mapping[str, bytes], bundled: Mapping[str, bytes]) -> dict[str, bytes]:
    """The wheels, with those every virtual environment has unless the project asks for others."""
    asked = {normalise(name.split("-")[0]) for name in wheels}
    return {**{name: data for name, data in bundled.items() if name.split("-")[0] not in asked}, **wheels}


_COMPILER = r"'?(?:gcc|g\+\+|cc|c\+\+|make|gfortran|[\w-]+-gcc)'?"
_NO_COMPILER = re.compile(
    rf"{_COMPILER}(?: failed)?: (?:No such file|not found|command not found)|"
    r"command '[\w/-]*(?:gcc|g\+\+|cc)' failed|unable to execute '[\w-]*(?:gcc|cc|\+\+)|Python\.h: No such|"
    r"Unknown compiler|C_COMPILER|CXX_COMPILER|[Nn]o (?:working )?C compiler|compiler (?:is )?not found|"
    r"CompilerError"
)


def needs_compiler(output: str) -> bool:
    """Whether a build failed for want of a compiler or of Python's headers."""
    return bool(_NO_COMPILER.search(output))


def _culprits(output: str) -> set[str]:
    """Normalised names of the distributions pip says cannot be had or built."""
    patterns = (
        r"No matching distribution found for ([A-Za-z0-9._-]+)",
        r"Failed building wheel for ([A-Za-z0-9._-]+)",
        r"Failed to build ([A-Za-z0-9._ -]+)",
        r"Could not find a version that satisfies the requirement ([A-Za-z0-9._-]+)",
        r"Package '([A-Za-z0-9._-]+)' requires a different Python",
        r"Failed to build '?([A-Za-z0-9._-]+)'? when",
        r"requested ([A-Za-z0-9._-]+)",
        r"generating package metadata\.\s+╰─> ([A-Za-z0-9._-]+)",
    )
    found: set[str] = set()
    for pattern in patterns:
        for match in re.findall(pattern, output):
            found.update(normalise(name) for name in match.split())
    return found


_ASKED = re.compile(
    r"(?:(?:Collecting|satisfies the requirement) ([A-Za-z0-9._-]+)|Processing \S*/([A-Za-z0-9._-]+?)-\d)"
    r".*?\(from ([A-Za-z0-9][^)]*)"
)


def _parents(output: str, culprits: Collection[str]) -> set[str]:
    """Normalised names of the distributions for whose sake pip wanted the culprits."""
    found: set[str] = set()
    for name, file, chain in _ASKED.findall(output):
        if normalise(name or file) in culprits:
            # `a==1->b[extra]->-r requirements.txt`: a is what needs it, b is what needs a.
            names = (re.match(r"[A-Za-z0-9._-]+", asking) for asking in chain.split("->"))
            found.update(normalise(match[0]) for match in names if match and match[0][0] != "-")
    return found


_Looser = tuple[list[Requirement], tuple[str, ...], str]


def looser(
    wanted: list[Requirement], extras: tuple[str, ...], project: Project, error: StepFailed
) -> _Looser:
    """The next thing to try after pip refused, and a line that says what is given up."""
    culprits = _culprits(error.output)
    # What cannot be had may be asked for by something that nobody needs as much.
    for names in (culprits, _parents(error.output, culprits)):
        if found := _without(names, wanted, extras, project):
            return found
    if any(item.specifier for item in wanted if item.name != "pytest"):
        rest = [item if item.name == "pytest" else item.bare() for item in wanted]
        return (
            rest,
            extras,
            "the requirements of the tests contradict one another: their versions are dropped",
        )
    if extras:
        return wanted, extras[:-1], f"the extra {extras[-1]} cannot be had: left out"
    raise GoldError(f"the project's requirements cannot be had: {error}", error.hint) from error


def _without(
    names: Collection[str], wanted: list[Requirement], extras: tuple[str, ...], project: Project
) -> _Looser | None:
    """What is wanted with less of one of these distributions in it; None when none of them is wanted."""
    named = [item for item in wanted if item.name in names and item.name != "pytest"]
    for requirement in named:
        if requirement.specifier:
            rest = [item.bare() if item == requirement else item for item in wanted]
            return rest, extras, f"{requirement.text} cannot be had: any version of it is taken"
    for requirement in named:
        rest = [item for item in wanted if item.name != requirement.name]
        return rest, extras, f"{requirement.name} cannot be had: left out"
    provided = brought(project.metadata) if extras else {}
    for extra in extras:
        parts = provided.get(extra, ())
        if {item.name for item in parts} & set(names):
            # All of it but pytest, which is wanted in any case.
            more = [item for item in parts if item.name != "pytest" and item not in wanted]
            rest, others = [*wanted, *more], tuple(other for other in extras if other != extra)
            remark = f"the extra {extra} cannot be had: its requirements are taken one by one"
            return _without(names, rest, others, project) or (rest, others, remark)
    return None
