from __future__ import annotations

from collections.abc import Iterable

from engine.gold import imports
from engine.gold.requirements import parse_all
from tests.gold.conftest import tree_of


def stated(modules: Iterable[str], *texts: str) -> list[str]:
    known = {item.name: item for item in parse_all(texts)}
    return [item.text for item in imports.stated(modules, known)]


def test_what_is_stated_stays_below_the_bound_that_is_known_for_a_module() -> None:
    assert stated({"pkg_resources"}, "setuptools>=60") == ["setuptools>=60,<81"]
    assert stated({"pkg_resources"}, "setuptools") == ["setuptools<81"]
    assert stated({"setuptools"}, "setuptools>=60") == ["setuptools>=60"]


def test_packages_of_a_namespace_are_found_by_their_whole_name() -> None:
    known = ("backports.zstd>=1", "ruamel.yaml", "google-cloud-storage", "zstd")
    assert stated({"backports.zstd"}, *known) == ["backports-zstd>=1"]
    assert stated({"ruamel.yaml.main"}, *known) == ["ruamel-yaml"]
    assert stated({"google.cloud.storage.blob"}, *known) == ["google-cloud-storage"]
    assert stated({"google.protobuf"}, *known) == []


def test_what_is_taken_from_a_namespace_is_a_module_too() -> None:
    tree = tree_of({"tests/test_a.py": "from ruamel import yaml\nfrom google.cloud import storage as s\n"})
    modules = imports.imported(tree, tree)
    assert stated(modules, "ruamel.yaml", "google-cloud-storage") == ["google-cloud-storage", "ruamel-yaml"]


def test_what_files_can_do_without_is_known_by_what_is_caught() -> None:
    text = """
import idna
try:
    import six
    from google.cloud import storage
except (ImportError, OSError):
    six = None
with contextlib.suppress(ModuleNotFoundError):
    if True:
        import yaml
try:
    import attr
except ValueError:
    import attrs
with open("x"):
    import lxml
"""
    tree = tree_of({"p/a.py": text, "p/b.py": "def (:"})
    expected = {"six", "yaml", "google.cloud", "google.cloud.storage"}
    assert imports.guarded(tree, tree) == expected
