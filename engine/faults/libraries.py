"""Shared objects that are cut short, of another build, or not the ones the loader should find."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.places import extensions, label, package_of, programs, shared, snippet
from engine.faults.typed import typed

FAMILY = "libraries"
_TAG = re.compile(r"\.cpython-3(\d+)-")


def _extensions(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for path, tests in extensions(facts):
            dist = facts.owners.get(path)
            if dist:
                values = {"path": path, "requirement": facts.requirement(dist),
                          "python": facts.image.python.executable}  # fmt: skip
                yield Target(label(facts, path), values, tests)

    return facts.ranked(found())


def _tagged(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        for path, tests in extensions(facts):
            match = _TAG.search(path)
            if match:
                other = path.replace(match[0], f".cpython-3{int(match[1]) - 1}-")
                values = {"path": path, "other": other, "folder": os.path.dirname(path)}
                yield Target(label(facts, path), values, tests)

    return facts.ranked(found())


def _bumped(target: str) -> str:
    """The file name of the release that is about to be installed."""
    stem, _, last = target.rpartition(".")
    return f"{stem}.{int(last) + 1}" if last.isdigit() else target + ".1"


def _links(facts: Facts) -> Iterable[Target]:
    return facts.ranked(
        Target(
            os.path.basename(link),
            {
                "link": link,
                "was": target,
                "next": _bumped(target),
                "other": _other(facts, link),
                "names": link + "*",
                "package": package_of(facts, link),
            },
            tests,
        )
        for link, target, tests in shared(facts)
    )


def _other(facts: Facts, link: str) -> str:
    """A library every image has beside the one that is meant."""
    return "libz.so.1" if "libz.so.1" in facts.core else "libm.so.6"


def _searched(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        file = snippet(facts, "compat-libs")
        for link, _, tests in shared(facts):
            folder = "/usr/local/lib/compat"
            values = {
                "folder": folder,
                "file": file,
                "line": f"export LD_LIBRARY_PATH={folder}",
                "link": f"{folder}/{os.path.basename(link)}",
                "other": f"{os.path.dirname(link)}/{_other(facts, link)}",
                "real": link,
            }
            yield Target(os.path.basename(link), values, tests)

    return facts.ranked(found())


def _preload(facts: Facts) -> Iterable[Target]:
    tests = frozenset().union(*(tests for _, tests in programs(facts)))
    if tests:
        yield Target("libjemalloc.so.2", {"line": "/usr/lib/libjemalloc.so.2"}, tests)


def _vital(facts: Facts) -> Iterable[Target]:
    for path, file in facts.image.files.items():
        if file.what == "file" and file.soname.startswith(("libc.so.", "ld-linux-")):
            yield Target(file.soname, {"path": path}, facts.everything)


OPERATORS = (
    Operator(
        id="libraries-extension-empty",
        family=FAMILY,
        summary="The disk was full while a wheel was unpacked: an extension module is there without content.",
        find=_extensions,
        command=typed("truncate -s 0 {path}"),
        recovery=typed("{python} -m pip install --force-reinstall --no-deps {requirement}"),
        look=typed("ls -l {path}"),
        symptom="ImportError: file too short",
        revert="package",
    ),
    Operator(
        id="libraries-extension-other-python",
        family=FAMILY,
        summary="Site-packages was copied from a machine with another Python: the extension has its tag.",
        find=_tagged,
        command=typed("mv {path} {other}"),
        recovery=typed("mv {other} {path}"),
        look=typed("ls {folder}"),
        symptom="ModuleNotFoundError for a compiled module",
    ),
    Operator(
        id="libraries-link-dangling",
        family=FAMILY,
        summary="An upgrade was cut off after the library's link was moved to a release that never came.",
        find=_links,
        command=typed("ln -sfn {next} {link}"),
        recovery=typed("ln -sfn {was} {link}"),
        look=typed("ls -l {link}"),
        symptom="ImportError: cannot open shared object file",
    ),
    Operator(
        id="libraries-link-wrong",
        family=FAMILY,
        summary="A link made by hand to silence the loader points to a library of another name.",
        find=_links,
        command=typed("ln -sfn {other} {link}"),
        recovery=typed("ln -sfn {was} {link}"),
        look=typed("ls -l {link}"),
        symptom="ImportError: undefined symbol",
    ),
    Operator(
        id="libraries-search-path",
        family=FAMILY,
        summary="A vendor's installer made LD_LIBRARY_PATH name its own look-alikes, for every login.",
        find=_searched,
        command=typed("mkdir -p {folder} && ln -s {other} {link} && echo {line} > {file}"),
        recovery=typed("rm -r {file} {folder}"),
        look=typed("ls -l {real}"),
        symptom="ImportError: undefined symbol",
    ),
    Operator(
        id="libraries-preload-missing",
        family=FAMILY,
        summary="An allocator that was preloaded everywhere has been removed, its preload entry has not.",
        find=_preload,
        command=typed("echo {line} > /etc/ld.so.preload"),
        recovery=typed("rm /etc/ld.so.preload"),
        look=typed("ls -l /etc/ld.so.conf.d"),
        symptom="loader errors on the stderr of every program",
    ),
    Operator(
        id="libraries-vital-removed",
        family=FAMILY,
        summary="The C library or its loader is gone: nothing starts any more.",
        find=_vital,
        command=typed("rm {path}"),
        recovery=typed("dpkg --unpack {path}"),
        symptom="no program starts",
        revert="bytes",
        solvable=False,
    ),
)
