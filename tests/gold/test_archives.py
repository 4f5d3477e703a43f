from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from engine.errors import GoldError
from engine.gold.archives import from_archive
from engine.gold.tree import Member


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    return info


def test_an_archive_cannot_climb_out() -> None:
    data = archive(
        (entry("p-1/ok.py", mode=0o4755), b"x"),
        (entry("p-1/../../evil.py"), b"x"),
        (entry("/etc/evil"), b"x"),
        (entry("evil.py"), b"x"),
        (entry("p-1/hard", tarfile.LNKTYPE, "p-1/ok.py"), b""),
        (entry("p-1/device", tarfile.CHRTYPE), b""),
        (entry("p-1/link", tarfile.SYMTYPE, "ok.py"), b""),
        (entry("p-1/.git/config"), b"x"),
        (entry("p-1/src/p.egg-info/SOURCES.txt"), b"ok.py"),
        (entry("p-1/src/p.egg-info/PKG-INFO"), b"x"),
    )
    found = from_archive(data, "p==1")
    assert dict(found) == {
        "evil": Member(b"x"),  # of /etc/evil: the first directory is taken for the project's
        "link": Member(target="ok.py"),
        "ok.py": Member(b"x", executable=True),
    }
    assert dict(found.packed) == {"src/p.egg-info/SOURCES.txt": Member(b"ok.py")}


def test_a_zip_is_one_too() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, mode in (("p-1/run", 0o755), ("p-1/../evil", 0o644)):
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.external_attr = mode << 16
            file.writestr(info, b"x")
        file.mkdir("p-1/empty")
    assert dict(from_archive(buffer.getvalue(), "p==1")) == {
        "run": Member(b"x", executable=True, mtime=1577836800)
    }


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no tar", b"\x1f\x8b\x08 cut"])
def test_no_archive_is_an_error_in_one_line(data: bytes) -> None:
    with pytest.raises(GoldError, match="p==1 is not a readable archive") as caught:
        from_archive(data, "p==1")
    assert "\n" not in str(caught.value)
