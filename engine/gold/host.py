"""The host's settings of pip and apt, gathered for a builder container; nothing of them reaches an image."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_AUTHORITIES = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
)
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
BUNDLE = _BUNDLES[0]
"""Where the builder, a Debian, looks for certificate authorities."""

_ELSEWHERE_TEXT = """
user target prefix root require-virtualenv cache-dir no-cache-dir log log-file report python build src
quiet verbose no-input progress-bar no-index dry-run ignore-installed break-system-packages editable
require-hashes no-deps no-build-isolation config-file disable-pip-version-check keyring-provider
"""
_ELSEWHERE = frozenset(_ELSEWHERE_TEXT.split())
"""Settings of pip about where or how it installs on the host; the rest says where packages come from."""

_SYSTEM = re.compile(r"/(?:usr|etc|bin|sbin|lib\w*|dev|proc|sys|var|root|home|tmp|opt/venv|build)?/?")
"""Places nothing may be mounted over in the builder; what lies below them is another matter."""

MAX_FILE = 16 << 20


@dataclass(frozen=True)
class HostSettings:
    """What a builder needs to fetch packages as the host would."""

    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Path in the builder -> content."""
    apt: Mapping[str, bytes] = field(default_factory=dict)
    """The same for apt, put there only when apt is used."""
    codename: str = ""
    """The host's distribution and release, as `debian bookworm`: its apt sources fit no other."""
    sources: Mapping[str, bytes] = field(default_factory=dict)
    """apt's lists of sources, for a builder of the same release."""
    paths: tuple[str, ...] = ()
    """Local directories that settings name: mounted read-only at the same place on a local engine."""


def gather(environ: Mapping[str, str] | None = None) -> HostSettings:
    """The settings of this host and user, read afresh."""
    environ = os.environ if environ is None else environ
    env = _environment(environ)
    options = _pip_options(environ)
    files: dict[str, bytes] = {}
    named = [*env.values(), *(value for section in options.values() for value in section.values())]
    if bundle := next((place for place in _BUNDLES if os.path.isfile(place)), ""):
        _take(files, bundle, BUNDLE)
    sources = _contents(["/etc/apt/sources.list", *_below("/etc/apt/sources.list.d", (".list", ".sources"))])
    apt_conf = _apt_conf()
    text = "\n".join([*(data.decode("utf-8", "replace") for data in sources.values()), apt_conf])
    apt = _contents(
        [
            *_below("/etc/apt/keyrings"),
            *_below("/etc/apt/trusted.gpg.d"),
            *_below("/etc/apt/auth.conf.d"),
            "/etc/apt/auth.conf",
            "/etc/apt/trusted.gpg",
            *(path for path in re.findall(r"/[^\s\"',;\]]+", text) if os.path.isfile(path)),
        ]
    )
    apt["/etc/apt/apt.conf.d/99host"] = apt_conf.encode()
    directories = set()
    for path in _local_paths([*named, *re.findall(r"(?:file|copy):/\S+", text)]):
        if os.path.isfile(path):
            _take(files, path, path)
        elif os.path.isdir(path) and not _SYSTEM.fullmatch(path):
            directories.add(path)
    if options:
        files["/etc/pip.conf"] = _ini(options)
    return HostSettings(env, files, apt, _codename(), sources, _outermost(directories))


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    env = {}
    for name, value in environ.items():
        if name.startswith("PIP_"):
            if name[4:].lower().replace("_", "-") not in _ELSEWHERE:
                env[name] = value
        elif (name in _AUTHORITIES and os.path.isfile(value)) or name.lower() in _PROXIES:
            env[name] = value
    return env


def _pip_options(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What pip's configuration files say together: a later file of its order overrides an earlier one."""
    home = environ.get("HOME") or os.path.expanduser("~")
    config = environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    everyone = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    files = [*(f"{directory}/pip/pip.conf" for directory in everyone), "/etc/pip.conf"]
    files += [f"{home}/.pip/pip.conf", f"{config}/pip/pip.conf"]
    if virtual := environ.get("VIRTUAL_ENV"):
        files.append(f"{virtual}/pip.conf")
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return {}
    options: dict[str, dict[str, str]] = {}
    for path in [*files, *([named] if named else [])]:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in parser.sections():
            for name, value in parser.items(section):
                if name.replace("_", "-") not in _ELSEWHERE:
                    options.setdefault(section, {})[name.replace("_", "-")] = value
    return options


def _ini(options: Mapping[str, Mapping[str, str]]) -> bytes:
    lines = []
    for section, values in options.items():
        lines.append(f"[{section}]")
        lines += ["{} = {}".format(name, value.replace("\n", "\n    ")) for name, value in values.items()]
    return ("\n".join(lines) + "\n").encode()


def _local_paths(values: Iterable[str]) -> list[str]:
    """Absolute paths, plain or as file: addresses, among the words of settings' values."""
    found = []
    for value in values:
        for word in value.split():
            path = re.sub(r"^(?:file|copy):(?://(?:localhost)?)?", "", word)
            if path.startswith("/") and ".." not in path and ":" not in path:
                found.append(path.rstrip("/") or "/")
    return found


def _outermost(directories: Iterable[str]) -> tuple[str, ...]:
    """The directories that lie in no other of them; an index's parent, for its links may lead to siblings."""
    wanted = set()
    for path in directories:
        parent = os.path.dirname(path)
        wanted.add(parent if os.path.basename(path) == "simple" and not _SYSTEM.fullmatch(parent) else path)
    return tuple(sorted(path for path in wanted if not any(path.startswith(f"{up}/") for up in wanted)))


def _apt_conf() -> str:
    """How apt acquires, as apt itself reads its files: no hook, nothing about installing."""
    try:
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = dump.decode("utf-8", "replace").splitlines()
    # Which indexes there are is the release's own affair; what detects a proxy is a program of the host's.
    foreign = re.compile(r'Acquire::(?:IndexTargets|\S*Proxy-?Auto-?Detect)|.* "";$', re.IGNORECASE)
    kept = [line for line in lines if line.startswith("Acquire::") and not foreign.match(line)]
    return "".join(f"{line}\n" for line in kept)


def _codename() -> str:
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
    return release(text)


def release(os_release: str) -> str:
    """Distribution and release of the text of an `os-release` file, as `debian bookworm`."""
    values = dict(re.findall(r"^([A-Z_]+)=[\"']?([^\"'\n]*)", os_release, re.MULTILINE))
    return f"{values.get('ID', '')} {values.get('VERSION_CODENAME', '')}".strip()


def _below(directory: str, suffixes: tuple[str, ...] = ("",)) -> list[str]:
    try:
        return [f"{directory}/{name}" for name in sorted(os.listdir(directory)) if name.endswith(suffixes)]
    except OSError:
        return []


def _contents(paths: Iterable[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in paths:
        _take(found, path, path)
    return found


def _take(files: dict[str, bytes], source: str, target: str) -> None:
    try:
        if os.path.isfile(source) and os.path.getsize(source) <= MAX_FILE:
            files[target] = Path(source).read_bytes()
    except OSError:
        return
