from __future__ import annotations

from engine.gold.discover import discover
from engine.gold.settings import settings
from tests.gold.conftest import THREE, tree_of


def test_plugins_on_one_line_are_several() -> None:
    own = settings(tree_of({"pytest.ini": "[pytest]\nrequired_plugins = pytest-mock>=3 pytest-cov\n"}))
    assert own.plugins == ("pytest-mock>=3", "pytest-cov")
    listed = "[tool.pytest.ini_options]\nrequired_plugins = ['pytest-mock>=3', 'pytest-cov']\n"
    assert settings(tree_of({"pyproject.toml": listed})).plugins == own.plugins


def test_case_counts_in_names_of_settings() -> None:
    files = {"setup.cfg": "[tool:pytest]\nDJANGO_SETTINGS_MODULE = a.b\n", "tests/test_a.py": THREE}
    assert settings(tree_of(files)).names == {"DJANGO_SETTINGS_MODULE"}
    assert "pytest-django" in discover(tree_of(files), "Name: p\n", "3.11", "base").recipe.pip
