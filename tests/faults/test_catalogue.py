"""What holds for every fault of the catalogue, on an environment that has something for each of them."""

from __future__ import annotations

import re
import shlex
import subprocess

import msgspec
import pytest

from engine.faults.catalogue import BY_ID, OPERATORS, faults
from engine.faults.facts import Facts
from engine.faults.model import FAMILIES, Fault, Operator
from tests.faults.conftest import SITE, dist, make

LOOKS = {"ls", "cat", "head", "grep", "type", "ulimit", "getent", "git config --list", "python -m pip show",
         "python -m site"}  # fmt: skip


def every(facts: Facts) -> list[Fault]:
    """Faults of all operators, those that are never proposed included."""
    return [operator.aim(target) for operator in OPERATORS for target in operator.find(facts)]


def test_there_are_enough_of_every_family() -> None:
    assert len(BY_ID) == len(OPERATORS) >= 24
    for family in FAMILIES:
        assert sum(operator.family == family for operator in OPERATORS) >= 3, family


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.id)
def test_an_operator_says_what_it_is_and_finds_its_targets(operator: Operator, facts: Facts) -> None:
    assert operator.id.startswith(operator.family + "-")
    assert operator.family in FAMILIES
    assert operator.summary.endswith(".")
    assert len(operator.summary) < 110
    assert operator.symptom
    assert operator.revert in ("command", "package", "bytes")
    targets = list(operator.find(facts))
    assert targets
    assert len({target.label for target in targets}) == len(targets)


def test_commands_are_what_a_person_types(facts: Facts) -> None:
    for fault in every(facts):
        for line in (fault.command, fault.look, fault.recovery):
            subprocess.run(["bash", "-n", "-c", line], check=True)
        assert (
            "\n" not in fault.command.replace(shlex.quote("#!/bin/bash\n"), "") or "printf" in fault.command
        )
        assert len(fault.command) < 400, fault.command
        assert fault.command
        assert fault.recovery
        assert not re.search(
            r"RANDOM|\bdate\b|\buname\b|\bcurl\b|\bwget\b|\$\$|(?<!\w)/dev/", fault.command
        ), fault
        assert not re.search(r"(\.bak|\.orig|~|\.old|backup|break|broken|sabot|cligym)\b", fault.command), (
            fault.command
        )
        assert not re.search(r"(^|\s)#", re.sub(r"'[^']*'", "", fault.command)), "no comments"


def test_commands_leave_the_project_and_what_is_lost_alone(facts: Facts) -> None:
    for fault in every(facts):
        words = shlex.split(fault.command)
        paths = [word for word in words if word.startswith("/")]
        assert not [path for path in paths if path == "/app" or path.startswith("/app/")], fault
        assert not [
            path for path in paths if re.match(r"/(dev|proc|sys)/|/etc/(hosts|resolv.conf|hostname)$", path)
        ]


def test_a_look_only_looks(facts: Facts) -> None:
    for fault in every(facts):
        look = fault.look.replace("/opt/venv/bin/", "")
        if look:
            assert any(look == start or look.startswith(start + " ") for start in LOOKS), look
            assert not re.search(r"[>|;&]", look), look


def test_the_same_facts_make_the_same_faults_in_the_same_order(facts: Facts) -> None:
    def turned(thing: object) -> object:
        if isinstance(thing, dict):
            return {key: turned(value) for key, value in reversed(thing.items())}
        return thing

    again = msgspec.convert(turned(msgspec.to_builtins(facts)), Facts)
    assert list(faults(again)) == list(faults(facts))


def test_what_is_read_back_from_disk_is_the_same(facts: Facts) -> None:
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=Facts)
    assert list(faults(again)) == list(faults(facts))


def test_what_kills_every_shell_or_does_not_last_is_not_proposed(facts: Facts) -> None:
    proposed = {fault.operator for fault in faults(facts)}
    held_back = {operator.id for operator in OPERATORS if not operator.solvable or not operator.persists}
    assert held_back
    assert proposed == {operator.id for operator in OPERATORS} - held_back


def test_a_predicate_chooses(facts: Facts) -> None:
    only = list(faults(facts, lambda fault: fault.family == "permissions"))
    assert only
    assert {fault.family for fault in only} == {"permissions"}


def test_keys_are_unique(facts: Facts) -> None:
    keys = [fault.key for fault in faults(facts)]
    assert len(keys) == len(set(keys))


def test_root_is_refused_nothing(facts: Facts) -> None:
    rooted = msgspec.structs.replace(facts, user="root")
    left = {fault.operator for fault in faults(rooted) if fault.family == "permissions"}
    assert left == {"permissions-script"}, "the executable bit counts for root too"


def test_names_are_hostile() -> None:
    name = "it's $(touch x); rm -rf ~ #"
    path = f"{SITE}/{name}/core.py"
    facts = make()
    facts = make(
        distributions=(*facts.image.distributions, dist("evil", f"{name}/core.py", f"{name}/a\nb.py"))
    )
    uses = msgspec.structs.replace(
        facts.uses, paths={**facts.uses.paths, path: 1, f"{SITE}/{name}/a\nb.py": 1}
    )
    facts = msgspec.structs.replace(facts, uses=uses)
    found = [fault for fault in faults(facts) if name in fault.target]
    assert {"dependencies-module-missing", "permissions-package"} <= {fault.operator for fault in found}
    for fault in found:
        assert any(word in (path, f"{SITE}/{name}") for word in shlex.split(fault.command))
    assert not [fault for fault in faults(facts) if "\n" in fault.target]


def test_an_empty_image_has_no_targets_and_no_errors() -> None:
    bare = make(distributions=(), files={}, variables={}, definitions={}, mentions={}, clues={}, shell=())
    bare = msgspec.structs.replace(bare, uses=type(bare.uses)())
    assert {fault.family for fault in faults(bare)} <= {
        "environment",
        "interpreter",
        "permissions",
        "dependencies",
    }


def test_without_pip_nothing_is_uninstalled_by_it() -> None:
    facts = make()
    without = make(distributions=tuple(found for found in facts.image.distributions if found.name != "pip"))
    assert not [fault for fault in faults(without) if "pip uninstall" in fault.command]
