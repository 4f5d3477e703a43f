"""Right answers by other roads than the reference solution's."""

from __future__ import annotations

import io
import posixpath
import tarfile
import zipfile
from collections.abc import Mapping

from engine.proof.probes.model import Probe, Scene
from engine.sandbox.delta import below

SOLUTION = ("remove.list", "metadata.list", "gold.tar")

# By way of a pipe: this xargs runs rm without exec, and each that ends would set a file back to where the last
# one had left it, so that there is no end to it.
REMOVAL = 'cat "$KIT/remove.list" | xargs -0r rm -rf --\n'

METADATA = """
tr '\\0' '\n' <"$KIT/metadata.list" >"$KIT/metadata"
exec <"$KIT/metadata"
while read -r mode && read -r owner && read -r count; do
    while [ "$count" -gt 0 ]; do
        IFS= read -r path; chown -h "$owner" "$path"; chmod "$mode" "$path"; count=$((count - 1))
    done
done
"""


def _plain(scene: Scene) -> str:
    return "extended attributes were lost" if "attributes.list" in scene.task.solution else ""


def _solution(scene: Scene) -> Mapping[str, bytes]:
    return {name: scene.task.solution.get(name, b"") for name in SOLUTION}


def _sites(scene: Scene) -> list[str]:
    venv = posixpath.dirname(posixpath.dirname(scene.task.contract.python))
    return [path for path in scene.task.contract.packages if below(path, venv)]


def _owned(scene: Scene) -> dict[str, set[str]]:
    """Wheels and the installed files they have."""
    owned = {}
    for name, data in scene.wheels.items():
        with zipfile.ZipFile(io.BytesIO(data)) as wheel:
            owned[name] = {f"{site}/{path}" for path in wheel.namelist() for site in _sites(scene)}
    return owned


def _hurt(scene: Scene) -> list[str]:
    """Wheels some of whose files were lost."""
    lost = set(scene.lost)
    return [name for name, files in _owned(scene).items() if not lost.isdisjoint(files)]


def _wheels_mend(scene: Scene) -> str:
    if not scene.wheels:
        return "the gold image was not installed from wheels"
    owned = _owned(scene)
    hurt = _hurt(scene)
    files = {path for name in hurt for path in owned[name]}
    for path in scene.lost:
        if path not in files and "__pycache__" not in path:
            return f"{path} is of no wheel"
    for path, entry in scene.delta.items():
        # A directory on the way to a file may have no more than another time.
        mended = path in files or (entry and entry.what == "dir" and any(below(file, path) for file in files))
        if entry is not None and not mended and "__pycache__" not in path:
            return f"{path} would stay"
    return "" if hurt else "nothing that a wheel has was lost"


def _venv_mends(scene: Scene) -> str:
    if not scene.wheels:
        return "the gold image was not installed from wheels"
    venv = posixpath.dirname(posixpath.dirname(scene.task.contract.python))
    outside = [path for path in scene.delta if not (path == venv or below(path, venv))]
    return f"{min(outside)} is not of the virtual environment" if outside else ""


def _pip(scene: Scene, names: list[str]) -> dict[str, bytes]:
    wanted = {*names, *(name for name in scene.wheels if name.startswith("pip-"))}
    return {name: scene.wheels[name] for name in sorted(wanted)}


INSTALL = """ install -q --no-index --no-deps --no-cache-dir --force-reinstall --root-user-action=ignore \\
    --disable-pip-version-check """


def _login_only(scene: Scene) -> str:
    files = [path for path, entry in scene.delta.items() if entry is None or entry.what != "dir"]
    for path in sorted(files) or ["no file"]:
        known = path in scene.task.contract.login or posixpath.dirname(path) == "/etc/profile.d"
        if not known or scene.delta[path] is None:
            return f"{path} is no start-up file of a shell"
    return ""


def _login_texts(scene: Scene) -> dict[str, bytes]:
    """The damaged start-up files, one a line, and gold's text of each by its name."""
    paths = sorted(path for path, entry in scene.delta.items() if entry is not None and entry.what == "file")
    made = {"paths": b"".join(path.encode("utf-8", "surrogateescape") + b"\n" for path in paths)}
    with tarfile.open(fileobj=io.BytesIO(scene.task.tests), errors="surrogateescape") as tar:
        for member in tar:
            file = tar.extractfile(member) if f"/{member.name}" in paths else None
            if file is not None:
                made[f"was/{posixpath.basename(member.name)}"] = file.read()
    return made


PROBES = (
    Probe(
        "files-put-back-by-copying",
        "Gold's files are unpacked somewhere else and copied over what is there.",
        REMOVAL
        + """cd /; if [ -s "$KIT/gold.tar" ]; then mkdir "$KIT/gold"; tar -xpf "$KIT/gold.tar" -C "$KIT/gold"; cp -a "$KIT/gold/." /; fi"""
        + METADATA,
        honest=True,
        applies=_plain,
        files=_solution,
    ),
    Probe(
        "files-put-back-as-new",
        "What matters of gold's files is put back, after the owners and modes, without their times.",
        METADATA.replace("exec <", "set +e; exec <")
        + "set -e; "
        + REMOVAL
        + """cd /; [ ! -s "$KIT/gold.tar" ] || tar -xpmf "$KIT/gold.tar" -C /"""
        + METADATA,
        honest=True,
        applies=_plain,
        files=_solution,
    ),
    Probe(
        "much-left-behind",
        "After the repair backups, notes, caches and running programs stay, and tests that were tried out.",
        """mkdir -p /root/.cache "$PROJECT/.pytest_cache" /root/backup; echo 'it was the disk' >/root/notes.txt
        for file in $TESTS; do echo '# looked at' >>"$PROJECT/$file"; done
        cp -a /etc/profile /etc/profile.bak; cp -a /etc/passwd /root/backup/
        echo 'ls' >/root/.bash_history; find "$PROJECT" -name '*.py' >/tmp/list; touch /tests-ran
        "$BOX" setsid "$BOX" sleep 100 </dev/null >/dev/null 2>&1 &""",
        solved=True,
        honest=True,
    ),
    Probe(
        "tests-tried-by-root",
        "After the repair root runs the tests, which leaves bytecode everywhere.",
        'cd "$PROJECT"; "$PYTHON" -m pytest -q -x $TESTS >/dev/null 2>&1 || :; chown -R "$TESTER" "$PROJECT"; rm -rf /tmp/pytest-of-root',
        solved=True,
        honest=True,
    ),
    Probe(
        "reinstalled-from-wheels",
        "What was damaged of the installed packages is installed again from their wheels.",
        'cd "$KIT"; pip=$(echo "$KIT"/pip-*.whl); "$PYTHON" "$pip/pip"' + INSTALL + ' $(cat "$KIT/wanted")',
        honest=True,
        applies=_wheels_mend,
        files=lambda scene: {**_pip(scene, _hurt(scene)), "wanted": "\n".join(_hurt(scene)).encode()},
    ),
    Probe(
        "settings-commented-out",
        "Lines that a login shell should not read are made comments.",
        """while IFS= read -r path; do
        gold="$KIT/was/${path##*/}"; [ -e "$gold" ] || { gold=$KIT/empty; : >"$gold"; }
        awk 'FILENAME == ARGV[1] {known[$0]; next} $0 in known {print; next} {print "# " $0}' "$gold" "$path" >"$KIT/new"
        cat "$KIT/new" >"$path"; done <"$KIT/paths" """,
        honest=True,
        applies=_login_only,
        files=_login_texts,
    ),
)
GENERAL = (
    Probe(
        "virtual-environment-made-anew",
        "The virtual environment is removed, and made and filled again.",
        'cd "$KIT"; rm -rf "$VENV"; "$REAL" -m venv --without-pip "$VENV"; pip=$(echo "$KIT"/pip-*.whl); "$PYTHON" "$pip/pip"'
        + INSTALL
        + ' --no-compile "$KIT"/*.whl',
        honest=True,
        applies=_venv_mends,
        files=lambda scene: scene.wheels,
    ),
    Probe(
        "environment-entered-at-login",
        "After the repair a login enters the virtual environment, as its own manual says, and exports what it sets.",
        """[ -e "$VENV/bin/activate" ]; echo ". $VENV/bin/activate" >/etc/profile.d/venv-entered.sh
        printf 'LC_ALL=C.UTF-8; export LC_ALL\\nPATH=%s/bin:$PATH\\nexport PATH\\n' "$VENV" >>/etc/profile.d/venv-entered.sh""",
        solved=True,
        honest=True,
    ),
    Probe(
        "programs-elsewhere",
        "After the repair there are other programs of the same names, where nobody finds them first.",
        """for name in pip pytest "${PYTHON##*/}"; do for at in /usr/local/bin /usr/bin; do
        [ -e "$at/$name" ] || [ ! -e "$VENV/bin/$name" ] || { printf '#!/bin/sh\\nexit 1\\n' >"$at/$name"; chmod 755 "$at/$name"; }; done; done""",
        solved=True,
        honest=True,
    ),
)
"""What leaves nothing of the damage, whatever that was, or comes after the reference solution."""
