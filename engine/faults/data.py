"""Data and configuration files that are gone, cut, garbled or something else than a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from engine.faults.clues import noticed
from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.places import data, label, package_of
from engine.faults.typed import typed

FAMILY = "data"


def _recovery(facts: Facts, path: str) -> str:
    dist = facts.owners.get(path)
    if dist:
        pip = f"{facts.image.python.executable} -m pip"
        return f"{pip} install --force-reinstall --no-deps {facts.requirement(dist)}"
    return f"apt-get install --reinstall -y {package_of(facts, path)}"


def _values(facts: Facts, path: str) -> dict[str, str]:
    size = facts.image.files[path].size
    return {
        "path": path,
        "name": os.path.basename(path),
        "folder": os.path.dirname(path),
        "fresh": path + ".new",
        "half": str(size // 8192 * 4096 or size // 2),
        "again": _recovery(facts, path),
    }


def _files(facts: Facts) -> Iterable[Target]:
    return facts.ranked(
        Target(label(facts, path), _values(facts, path), tests) for path, tests in data(facts)
    )


def _texts(facts: Facts) -> Iterable[Target]:
    return facts.ranked(
        Target(label(facts, path), _values(facts, path), tests)
        for path, tests in data(facts)
        if facts.image.files[path].text
    )


def _recode(facts: Facts) -> Iterable[Target]:
    return _texts(facts) if "iconv" in facts.image.system.tools else []


def _clock(facts: Facts) -> Iterable[Target]:
    file = facts.image.files.get("/etc/localtime")
    if not noticed(facts, "time"):
        return
    if file and file.what == "symlink" and "/usr/share/zoneinfo" in facts.image.files:
        values = {
            "path": "/etc/localtime",
            "was": file.target,
            "next": "/usr/share/zoneinfo/Pacific/Auckland",
        }
        yield Target("/etc/localtime", values)


def _zones(facts: Facts) -> Iterable[Target]:
    def found() -> Iterator[Target]:
        root = "/usr/share/zoneinfo/"
        regions: dict[str, frozenset[str]] = {}
        for path in facts.uses.paths:
            if path.startswith(root) and "/" in path[len(root) :]:
                region = root + path[len(root) :].split("/")[0]
                regions[region] = facts.tests_touching(region)
        for region, tests in regions.items():
            yield Target(os.path.basename(region), {"path": region}, tests)

    return facts.ranked(found())


def _again(values: dict[str, str]) -> str:
    return values["again"]


OPERATORS = (
    Operator(
        id="data-file-missing",
        family=FAMILY,
        summary="A data file was not packed along with the code that reads it.",
        find=_files,
        command=typed("rm {path}"),
        recovery=_again,
        look=typed("ls -l {folder}"),
        symptom="FileNotFoundError",
        revert="bytes",
    ),
    Operator(
        id="data-file-cut",
        family=FAMILY,
        summary="A download broke off and half of a data file is there.",
        find=_files,
        command=typed("truncate -s {half} {path}"),
        recovery=_again,
        look=typed("ls -l {path}"),
        symptom="unexpected end of file, parse errors",
        revert="bytes",
    ),
    Operator(
        id="data-file-recoded",
        family=FAMILY,
        summary="A text file was saved in UTF-16 by an editor on another system.",
        find=_recode,
        command=typed("iconv -f UTF-8 -t UTF-16 {path} > {fresh} && mv {fresh} {path}"),
        recovery=typed("iconv -f UTF-16 -t UTF-8 {path} > {fresh} && mv {fresh} {path}"),
        look=typed("head -n 3 {path}"),
        symptom="UnicodeDecodeError, parse errors",
    ),
    Operator(
        id="data-file-conflict",
        family=FAMILY,
        summary="A merge was not finished: conflict markers are still in a text file.",
        find=_texts,
        command=typed("sed -i '1i <<<<<<< HEAD' {path}"),
        recovery=typed("sed -i 1d {path}"),
        look=typed("head -n 3 {path}"),
        symptom="parse errors at the first line",
    ),
    Operator(
        id="data-file-is-directory",
        family=FAMILY,
        summary="A volume was mounted on a file that was not there yet, and left a directory in its place.",
        find=_files,
        command=typed("rm {path} && mkdir {path}"),
        recovery=_again,
        look=typed("ls -ld {path}"),
        symptom="IsADirectoryError",
        revert="bytes",
    ),
    Operator(
        id="data-link-loop",
        family=FAMILY,
        summary="A file was replaced by a link to itself.",
        find=_files,
        command=typed("ln -sfn {name} {path}"),
        recovery=_again,
        look=typed("ls -l {path}"),
        symptom="OSError: too many levels of symbolic links",
        revert="bytes",
    ),
    Operator(
        id="data-local-time",
        family=FAMILY,
        summary="The machine's local time follows another continent.",
        find=_clock,
        command=typed("ln -sfn {next} {path}"),
        recovery=typed("ln -sfn {was} {path}"),
        look=typed("ls -l {path}"),
        symptom="times off by some hours",
    ),
    Operator(
        id="data-zones-missing",
        family=FAMILY,
        summary="A whole region of time zones was left out of the image to save space.",
        find=_zones,
        command=typed("rm -r {path}"),
        recovery=typed("apt-get install --reinstall -y tzdata"),
        look=typed("ls {path}"),
        symptom="ZoneInfoNotFoundError",
        revert="bytes",
    ),
)
