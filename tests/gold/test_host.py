from __future__ import annotations

from pathlib import Path

import pytest

from engine.gold import host


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home"
    (path / ".config" / "pip").mkdir(parents=True)
    return path


def gathered(home: Path, **more: str) -> host.HostSettings:
    return host.gather({"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "nowhere"), **more})


def test_pips_files_and_variables_are_taken_where_they_say_where_packages_are(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "index" / "simple").mkdir(parents=True)
    (tmp_path / "wheels").mkdir()
    (home / ".config" / "pip" / "pip.conf").write_text(
        f"[global]\nindex-url = https://user:word@mirror/simple\nextra-index-url = file://{tmp_path}/index/simple\n"
        "    https://other/simple\ncache-dir = /x\n[install]\nuser = yes\nno-binary = :none:\n"
    )
    found = gathered(
        home, PIP_FIND_LINKS=str(tmp_path / "wheels"), PIP_TARGET="/x", PIP_REQUIRE_VIRTUALENV="1"
    )
    text = found.files["/etc/pip.conf"].decode()
    assert "index-url = https://user:word@mirror/simple\n" in text
    assert "https://other/simple" in text
    assert "cache-dir" not in text
    assert "user = yes" not in text
    assert found.env == {"PIP_FIND_LINKS": str(tmp_path / "wheels")}
    # The links of an index may lead beside its simple/.
    assert set(found.paths) >= {str(tmp_path / "index"), str(tmp_path / "wheels")}


def test_a_later_file_overrides_an_earlier_one(home: Path, tmp_path: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text("[global]\ntimeout = 5\nretries = 2\n")
    named = tmp_path / "named.conf"
    named.write_text("[global]\ntimeout = 9\n")
    text = gathered(home, PIP_CONFIG_FILE=str(named)).files["/etc/pip.conf"].decode()
    assert "timeout = 9\n" in text
    assert "retries = 2\n" in text
    assert "/etc/pip.conf" not in gathered(home, PIP_CONFIG_FILE="/dev/null").files


def test_authorities_and_files_are_carried_to_the_same_place(home: Path, tmp_path: Path) -> None:
    bundle, constraints = tmp_path / "ca.pem", tmp_path / "constraints.txt"
    bundle.write_text("PEM")
    constraints.write_text("six<2")
    found = gathered(
        home,
        SSL_CERT_FILE=str(bundle),
        REQUESTS_CA_BUNDLE=str(tmp_path / "absent.pem"),
        PIP_CONSTRAINT=str(constraints),
        HTTPS_PROXY="http://127.0.0.1:3128",
        AWS_SECRET_ACCESS_KEY="x",
        ANTHROPIC_API_KEY="x",
    )
    assert found.files[str(bundle)] == b"PEM"
    assert found.files[str(constraints)] == b"six<2"
    assert set(found.env) == {"SSL_CERT_FILE", "PIP_CONSTRAINT", "HTTPS_PROXY"}


@pytest.mark.parametrize("place", ["/", "/usr", "/etc/", "/tmp", "/root", "/home", "/dev", "/lib64"])
def test_nothing_is_mounted_over_the_system(home: Path, place: str) -> None:
    assert place.rstrip("/") not in gathered(home, PIP_FIND_LINKS=place).paths
    assert "/" not in gathered(home, PIP_FIND_LINKS=place).paths


def test_broken_files_are_passed_over(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_bytes(b"no section\n\xff")
    gathered(home)


def test_releases_are_compared_by_name() -> None:
    text = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_CODENAME=bookworm\nID_LIKE=x\n'
    assert host.release(text) == "debian bookworm"
    assert host.release("") == ""
