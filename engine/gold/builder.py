"""The builder: a container with network and the host's settings, where packages are fetched and built."""

from __future__ import annotations

import asyncio
import io
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Self

from engine import clean
from engine.errors import GoldError
from engine.gold import host
from engine.sandbox.client import Engine
from engine.sandbox.container import Limits
from engine.sandbox.sandbox import Ran, Sandbox
from engine.sandbox.tools import archive

HOME = "/build"
PYTHON = f"{HOME}/venv/bin/python"
LIMITS = Limits(memory=4 << 30, pids=4096)
_DEBS = f"{HOME}/debs"
MINUTES = 30
"""Minutes one installation or build step may take."""

NEEDED = {
    "bash": "bash",
    "tmux": "tmux",
    "timeout": "coreutils",
    "setpriv": "util-linux",
    "useradd": "passwd",
    "ps": "procps",
    "find": "findutils",
}
"""Commands that task clients and the test command need -> the package that has them."""

_PROBE = f"""\
cat /etc/os-release
echo ---
for name in {" ".join(NEEDED)}; do command -v $name >/dev/null || echo $name; done
echo ---
python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' || exit 0
python3 -c 'import venv, ensurepip, ssl' || echo bare
"""

_BUNDLED = f"""\
import ensurepip, glob, os, shutil, sysconfig, zipfile
shared = sysconfig.get_config_var("WHEEL_PKG_DIR")
os.mkdir("{HOME}/bundled")
for place in (shared, os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")):
    for wheel in glob.glob(os.path.join(place, "*.whl")) if place else ():
        if os.path.basename(wheel).startswith(("pip-", "setuptools-")):
            shutil.copy(wheel, "{HOME}/bundled")
(pip,) = glob.glob("{HOME}/bundled/pip-*.whl")
zipfile.ZipFile(pip).extractall("{HOME}/pip")
"""

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!~%-]*")


@dataclass(frozen=True)
class Base:
    """What the base image offers."""

    python: str
    """`3.11`; empty without one."""
    release: str
    """`debian bookworm`."""
    missing: tuple[str, ...]
    """Packages every gold image needs that are not there."""


class StepFailed(GoldError):
    """A command in the builder failed; `output` is the end of what it printed."""

    def __init__(self, message: str, output: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.output = output


@dataclass
class Builder:
    """One builder container, started when something is first asked of it."""

    engine: Engine
    image: str
    say: Callable[[str], None]
    apt: tuple[str, ...] = ()
    """Packages of the distribution to have there, and to fetch for the image."""
    settings: host.HostSettings = field(default_factory=host.gather)
    base: Base = field(default_factory=lambda: Base("", "", ()))
    packages: tuple[str, ...] = ()
    """`apt`, and what the base image lacks: what the packages in `debs` were fetched for."""
    debs: Mapping[str, bytes] = field(default_factory=dict)
    """The fetched packages with what they depend on, by file name."""
    bundled: Mapping[str, bytes] = field(default_factory=dict)
    """The wheels of pip, and of setuptools where there is one, that come with the base image's Python."""
    _sandbox: Sandbox | None = None
    _listed: bool = False
    _compiler: bool = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._sandbox:
            await asyncio.shield(self._sandbox.remove())

    async def sandbox(self) -> Sandbox:
        """The running builder, with Python, pip and the packages of the distribution in it."""
        if self._sandbox is None:
            self.say("starting a builder")
            binds = [f"{path}:{path}:ro" for path in self.settings.paths] if self.engine.local else []
            self._sandbox = await Sandbox.start(
                self.engine, self.image, purpose="builder", network="host", binds=binds, limits=LIMITS
            )
            await self._sandbox.put(_tree({f"{HOME}/tmp/.keep": b"", **self.settings.files}))
            await self._prepare()
        return self._sandbox

    async def run(self, argv: Sequence[str], *, doing: str, env: Mapping[str, str] | None = None) -> Ran:
        """A command in the builder.

        Raises:
            StepFailed: it failed, or took too long.
        """
        sandbox = await self.sandbox()
        environment = {
            **self.settings.env,
            "HOME": HOME,
            "TMPDIR": f"{HOME}/tmp",
            "PYTHONPATH": f"{HOME}/pip",
            "DEBIAN_FRONTEND": "noninteractive",
            "PIP_NO_COMPILE": "1",
            "PIP_NO_INPUT": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_PROGRESS_BAR": "off",
            **(env or {}),
        }
        ran = await sandbox.exec(argv, timeout=MINUTES * 60, env=environment, keep=64 << 10, cwd=HOME)
        if ran.exit_code or ran.timed_out:
            output = clean.block((ran.stdout + b"\n" + ran.stderr).decode("utf-8", "replace"), 64 << 10)
            if ran.timed_out:
                raise StepFailed(f"{doing} took more than {MINUTES} minutes", output)
            raise StepFailed(f"{doing} failed: {complaint(output)}", output, _hint(output))
        return ran

    async def _prepare(self) -> None:
        self.base = await self._probe()
        self.packages = tuple(dict.fromkeys([*self.base.missing, *self.apt]))
        if self.packages:
            self.say(f"fetching packages of the distribution: {' '.join(self.packages)}")
            self.debs = await self._fetch_debs(self.packages)
            await self._install(self.packages)
            self.base = await self._probe()
        # ensurepip would compile all of pip first; it is run as it comes instead.
        await self.run(
            ["python3", "-m", "venv", "--without-pip", f"{HOME}/venv"], doing="making an environment"
        )
        await self.run([PYTHON, "-c", _BUNDLED], doing="finding pip")
        self.bundled = await self.files(f"{HOME}/bundled", ".whl")

    async def _probe(self) -> Base:
        ran = await self.run(["/bin/sh", "-c", _PROBE], doing="looking at the base image")
        release, _, rest = clean.block(ran.stdout.decode("utf-8", "replace")).partition("---\n")
        lacking, _, python = rest.partition("---\n")
        version, bare = python.strip().partition("\n")[::2]
        missing = [NEEDED[name] for name in lacking.split() if name in NEEDED]
        if not version:
            missing += ["python3", "python3-venv"]
        elif bare:
            missing.append("python3-venv")
        return Base(version, host.release(release), tuple(dict.fromkeys(missing)))

    async def _apt_get(self, words: Sequence[str], doing: str) -> None:
        sandbox = await self.sandbox()
        if not self._listed:
            await sandbox.put(_tree({f"{_DEBS}/partial/.keep": b"", **self.settings.apt}))
            if self.settings.sources and self.settings.codename == self.base.release:
                await self.run(
                    ["sh", "-c", "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*"], doing="apt"
                )
                await sandbox.put(_tree(self.settings.sources))
            await self.run(["apt-get", "-q", "update"], doing="apt-get update")
            self._listed = True
        options = ["-y", "-q", "--no-install-recommends", "-o", "APT::Sandbox::User=root"]
        options += ["-o", f"Dir::Cache::archives={_DEBS}"]
        await self.run(["apt-get", *options, *words], doing=doing)

    async def _fetch_debs(self, names: Sequence[str]) -> dict[str, bytes]:
        await self._apt_get(["--download-only", "install", *names], f"apt-get install {' '.join(names)}")
        return await self.files(_DEBS, ".deb")

    async def _install(self, names: Sequence[str]) -> None:
        await self._apt_get(["install", *names], f"apt-get install {' '.join(names)}")

    async def compiler(self) -> bool:
        """Have a compiler and Python's headers in the builder; False when they were there already."""
        if self._compiler:
            return False
        self._compiler = True
        self.say("installing a compiler in the builder")
        await self.sandbox()
        await self._install(["build-essential", "python3-dev"])
        return True

    async def files(self, folder: str, suffix: str | tuple[str, ...]) -> dict[str, bytes]:
        """The regular files in a folder of the builder whose names are what such files are called."""
        sandbox = await self.sandbox()
        found = {}
        with tarfile.open(fileobj=io.BytesIO(await sandbox.get(folder))) as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                file = tar.extractfile(member) if member.isreg() else None
                if file and name.endswith(suffix) and _FILE.fullmatch(name):
                    found[name] = file.read()
        return found

    async def put(self, files: Mapping[str, bytes]) -> None:
        """Files by absolute path."""
        await (await self.sandbox()).put(_tree(files))


def _tree(files: Mapping[str, bytes]) -> bytes:
    return archive({path.lstrip("/"): data for path, data in files.items()}, 0o644)


def complaint(output: str) -> str:
    """The one line of a tool's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(?:E|ERROR|error|fatal)\b:?", line)]
    generic = (
        "subprocess-exited-with-error",
        "metadata-generation-failed",
        "Failed building wheel",
        "Failed to build",
        "legacy-install",
    )
    telling = [line for line in errors if not any(word in line for word in generic)]
    raised = [line for line in lines if re.match(r"[\w.]*(?:Error|Exception)\b", line)]
    chosen = (telling or raised or errors or lines or ["it printed nothing"])[-1]
    return clean.line(re.sub(r"^(?:ERROR|error|E):\s*", "", chosen), 300)


_NETWORK = re.compile(
    r"name resolution|Name or service not known|Connection refused|Network is unreachable|timed out|"
    r"ProxyError|CERTIFICATE_VERIFY_FAILED|Could not resolve|Failed to establish a new connection|"
    r"Unable to connect to"
)


def unreachable(output: str) -> bool:
    """Whether a tool's output complains of the network."""
    return bool(_NETWORK.search(output))


_RUST = re.compile(r"puccinialin|rustup|\bcargo\b|\brustc\b")


def _hint(output: str) -> str:
    if _RUST.search(output):
        return (
            "it is built with Rust from crates that the builder cannot fetch: take another release or project"
        )
    if unreachable(output):
        return "check the network, and the host's settings of pip and apt, which the builder uses"
    return ""
