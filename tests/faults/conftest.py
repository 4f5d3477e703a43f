"""A gold environment that has something of everything, as facts; no container."""

from __future__ import annotations

from typing import Any

import pytest

from engine.faults.clues import WORDS
from engine.faults.facts import Distribution as Dist
from engine.faults.facts import Facts, File, Image, Python, System, User, Uses

SITE = "/opt/venv/lib/python3.11/site-packages"
STDLIB = "/usr/lib/python3.11"
LIB = "/usr/lib/x86_64-linux-gnu"
BASELINE = tuple(f"tests/test_{file}.py::test_{number}" for file in "ab" for number in range(5))
ALL, SOME, ONE = 0, 1, 2

PROFILE = 'if [ -d "$HOME/bin" ] ; then\n    PATH="$HOME/bin:$PATH"\nfi\n'

PLAIN = File("file", 0o644, size=9000, text=True)
PROGRAM = File("file", 0o755, size=40000, needed=("libc.so.6",))


def dist(name: str, *files: str, **more: Any) -> Dist:
    return Dist(
        name, "1.0", f"{SITE}/{name}-1.0.dist-info", files=tuple(f"{SITE}/{file}" for file in files), **more
    )


def make(**changes: Any) -> Facts:
    """The facts; `changes` go to the image."""
    files = {
        "/opt/venv/bin/python": File("symlink", 0o777, target="python3"),
        "/opt/venv/bin/python3": File("symlink", 0o777, target="/usr/bin/python3"),
        "/opt/venv/bin/tool": File(
            "file",
            0o755,
            size=50,
            text=True,
            shebang="/opt/venv/bin/python",
            script="#!/opt/venv/bin/python\n",
        ),
        "/usr/bin/git": PROGRAM,
        "/usr/bin/awk": File("symlink", 0o777, target="/etc/alternatives/awk"),
        "/etc/alternatives/awk": File("symlink", 0o777, target="/usr/bin/mawk"),
        "/usr/bin/sh": File("symlink", 0o777, target="dash"),
        "/usr/bin/dash": PROGRAM,
        "/usr/bin/bash": PROGRAM,
        "/usr/bin/python3.11": File("file", 0o755, needed=("libc.so.6", "libz.so.1")),
        f"{LIB}/libc.so.6": File("file", 0o755, soname="libc.so.6"),
        f"{LIB}/libz.so.1.2": File("file", 0o644, soname="libz.so.1"),
        f"{LIB}/libz.so.1": File("symlink", 0o777, target="libz.so.1.2"),
        f"{LIB}/libpq.so.5.15": File("file", 0o644, soname="libpq.so.5"),
        f"{LIB}/libpq.so.5": File("symlink", 0o777, target="libpq.so.5.15"),
        f"{SITE}/lib/cacert.pem": PLAIN,
        f"{SITE}/lib/table.csv": PLAIN,
        "/usr/share/zoneinfo": File("dir", 0o755),
        "/usr/share/zoneinfo/Europe/Rome": File("file", 0o644, size=1000),
        "/etc/localtime": File("symlink", 0o777, target="/usr/share/zoneinfo/Etc/UTC"),
        "/etc/ssl/certs/ca-certificates.crt": PLAIN,
        "/etc/ssl/openssl.cnf": PLAIN,
        "/etc/passwd": PLAIN,
        "/tmp": File("dir", 0o1777),
        "/home/dev": File("dir", 0o755, uid=1000),
    }
    image: dict[str, Any] = {
        "python": Python(
            version="3.11",
            executable="/opt/venv/bin/python",
            real="/usr/bin/python3.11",
            prefix="/opt/venv",
            site=SITE,
            stdlib=STDLIB,
            dynload=f"{STDLIB}/lib-dynload",
            config="home = /usr/bin\n",
            pth={"project.pth": "/app/src\n"},
            scripts=("/opt/venv/bin/tool",),
        ),
        "system": System(
            user=User("dev", 1000, "/home/dev"),
            profile={"/home/dev/.profile": PROFILE, "/etc/profile.d/venv.sh": "PATH=/opt/venv/bin:$PATH"},
            nsswitch="passwd: files\nhosts:          files dns\n",
            tools={"iconv": "/usr/bin/iconv", "git": "/usr/bin/git"},
        ),
        "distributions": (
            dist("pip", "pip/__init__.py", modules=("pip",)),
            dist("pytest", "pytest/__init__.py", modules=("pytest",), requires=("pluggy",)),
            dist("pluggy", "pluggy/__init__.py", modules=("pluggy",)),
            dist("pytest-extra", "extra.py", modules=("extra",), groups=("pytest11",)),
            dist("certifi", "certifi/cacert.pem", modules=("certifi",)),
            dist(
                "lib",
                "lib/__init__.py",
                "lib/core.py",
                "lib/cacert.pem",
                "lib/table.csv",
                "lib/_fast.cpython-311-x86_64-linux-gnu.so",
                modules=("lib",),
            ),
        ),
        "files": files,
        "packages": {f"{LIB}/libpq.so.5.15": "libpq5", "/usr/bin/git": "git"},
        "variables": {"LIB_CACHE_DIR": (f"{SITE}/lib/core.py",)},
        "definitions": {f"{SITE}/lib/core.py": ("transform",)},
        "mentions": {"transform": {"tests/test_a.py": ("test_1",)}},
        "clues": dict.fromkeys(WORDS, ("/app/src/x.py",)),
        "shell": ("/usr/bin/bash", "/usr/bin/sh"),
    }
    names = ["pip", "pytest", "pluggy"]
    uses = Uses(
        groups=(tuple(range(10)), tuple(range(5)), (0,)),
        paths={
            **{f"{SITE}/{name}/__init__.py": ALL for name in names},
            f"{SITE}/extra.py": ALL,
            f"{SITE}/lib/__init__.py": SOME,
            f"{SITE}/lib/core.py": SOME,
            f"{SITE}/lib/table.csv": ONE,
            f"{STDLIB}/os.py": ALL,
            f"{STDLIB}/csv.py": ONE,
            f"{STDLIB}/email/parser.py": SOME,
            "/usr/share/zoneinfo/Europe/Rome": ONE,
            "/tmp": SOME,
            "/tmp/pytest-of-dev": ONE,
            "/app/src/x.py": ALL,
        },
        modules={**dict.fromkeys(names, ALL), "extra": ALL, "lib": SOME, "lib.core": SOME, "certifi": ONE},
        programs={
            "/usr/bin/git": ONE,
            "/usr/bin/awk": ONE,
            "/usr/bin/sh": ONE,
            "/usr/bin/bash": ONE,
            "/opt/venv/bin/tool": SOME,
        },
        libraries={
            f"{LIB}/libc.so.6": ALL,
            f"{LIB}/libz.so.1.2": ALL,
            f"{LIB}/libpq.so.5.15": SOME,
            f"{SITE}/lib/_fast.cpython-311-x86_64-linux-gnu.so": SOME,
            f"{STDLIB}/lib-dynload/_sqlite3.cpython-311-x86_64-linux-gnu.so": ONE,
        },
        hosts={"localhost": ONE},
    )
    return Facts(baseline=BASELINE, image=Image(**(image | changes)), uses=uses, project="lib")


@pytest.fixture
def facts() -> Facts:
    return make()
