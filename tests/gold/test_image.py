from __future__ import annotations

import json

from engine.gold.image import context, dockerfile, with_wheels
from engine.gold.model import Recipe
from engine.gold.wheels import Wheelhouse
from tests.gold.conftest import tree_of

HOUSE = Wheelhouse({"pytest-9.0-py3-none-any.whl": b"w"}, ("pytest",), ())


def test_the_context_is_the_same_for_the_same_parts() -> None:
    recipe = Recipe(pip=("pytest",), run=("echo '$HOME' \"x\" # all of it\nsecond",))
    tree = tree_of({"app.py": ""})
    parts = context(recipe, tree, HOUSE, {})
    assert parts == context(recipe, tree, HOUSE, {})
    assert set(parts) == {
        "Dockerfile",
        "gold.toml",
        "app.tar",
        "wheels/requirements.txt",
        "wheels/pytest-9.0-py3-none-any.whl",
    }
    assert parts["wheels/requirements.txt"] == b"pytest==9.0\n"


def test_commands_reach_bash_as_they_are_written() -> None:
    command = "echo '$HOME' \"x\" # all of it\nsecond \\ line"
    lines = dockerfile(Recipe(run=(command,)), packages=False, mtime=7).splitlines()
    runs = [json.loads(line.removeprefix("RUN ")) for line in lines if line.startswith("RUN ")]
    assert runs[-1] == ["/bin/bash", "-euc", command]
    assert len(runs) == 3


def test_packages_bring_their_own_stage() -> None:
    with_packages = context(Recipe(), tree_of({}), HOUSE, {"bc_1.deb": b"d"})
    assert b"COPY --from=packages /delta/ /" in with_packages["Dockerfile"]
    assert {"debs/bc_1.deb", "delta.py"} <= set(with_packages)
    assert b"--from=packages" not in context(Recipe(), tree_of({}), HOUSE, {})["Dockerfile"]


def test_further_wheels_are_installed_with_the_others() -> None:
    parts = context(Recipe(pip=("pytest",)), tree_of({"app.py": ""}), HOUSE, {})
    more = with_wheels(parts, Recipe(pip=("pytest", "six")), {"six-1-py3-none-any.whl": b"s"})
    assert more["wheels/requirements.txt"] == b"pytest==9.0\nsix==1\n"
    assert more["wheels/six-1-py3-none-any.whl"] == b"s"
    assert b"six" in more["gold.toml"] and more["Dockerfile"] == parts["Dockerfile"]
