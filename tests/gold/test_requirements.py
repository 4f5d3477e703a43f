from __future__ import annotations

import pytest

from engine.gold.requirements import Listed, Requirement, parse, read_list


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pytest", "pytest"),
        ("PyTest_Cov >= 2.0 , < 3", "pytest-cov>=2.0,<3"),
        ("coverage[toml]==7.*", "coverage[toml]==7.*"),
        ("attrs (>=19.2)", "attrs>=19.2"),
        ('tomli; python_version < "3.11"', 'tomli; python_version < "3.11"'),
        ("six==1.16.0 --hash=sha256:abcd", "six==1.16.0"),
        ("six  # the old one", "six"),
        ("pkg @ https://host/pkg.whl", "pkg"),
        ("pkg @ git+ssh://git@host/x.git ; os_name == 'posix'", "pkg; os_name == 'posix'"),
        ("zope.interface", "zope-interface"),
        ("x==1\n--index-url http://evil", "x==1"),
    ],
)
def test_requirements_are_read(text: str, expected: str) -> None:
    found = parse(text)
    assert found is not None
    assert found.text == expected
    assert parse(found.text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-r other.txt",
        "--index-url=http://evil",
        "./local",
        "/abs/path",
        "https://host/x.whl",
        "git+https://host/x",
        "name with words",
        "x; $(touch /tmp/x)`",
        "x==${HOME}",
    ],
)
def test_what_is_no_requirement_is_none(text: str) -> None:
    assert parse(text) is None


FILES = {
    "requirements/base.txt": "idna\n-c constraints.txt\n",
    "requirements/test.txt": "-r base.txt\n--index-url x\npytest \\\n  >=7\n-e .[cli,extra]\n./vendored\n",
    "loop.txt": "a\n-r loop.txt\n",
}


def test_files_include_one_another() -> None:
    found = read_list(FILES["requirements/test.txt"], lambda path: FILES.get(path, ""), "requirements")
    expected = (Requirement("idna"), Requirement("pytest", (), ">=7"))
    assert found == Listed(expected, ("cli", "extra"))


def test_a_file_that_includes_itself_comes_to_an_end() -> None:
    assert read_list(FILES["loop.txt"], lambda path: FILES[path]).requirements == (Requirement("a"),)


def test_nothing_outside_the_project_is_included() -> None:
    def read(path: str) -> str:
        raise AssertionError(path)

    assert not read_list("-r ../../etc/passwd\n-r /etc/passwd\n", read)
