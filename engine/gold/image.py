"""The gold image: its Dockerfile, the context that rebuilds it anywhere, and the build."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from importlib.resources import files

from engine.errors import EngineError
from engine.gold import recipe as recipes
from engine.gold.model import PROJECT_DIR, TEST_USER, VENV_DIR, Recipe
from engine.gold.tree import ProjectTree
from engine.gold.wheels import Wheelhouse
from engine.sandbox import images
from engine.sandbox.client import Engine, translated
from engine.sandbox.tools import archive

UID = 1000
"""User id of the test user, who owns the sources."""

PROFILE = f"""\
# Login shells start from the distribution's PATH; the project's environment comes first in it.
case ":$PATH:" in
  *:{VENV_DIR}/bin:*) ;;
  *) PATH={VENV_DIR}/bin:$PATH ;;
esac
export PATH
"""

_VENV = f"""\
python3 -m venv {VENV_DIR}
{VENV_DIR}/bin/pip --isolated install --no-index --find-links /tmp/wheels --no-deps --no-cache-dir \
--no-compile --disable-pip-version-check --root-user-action=ignore -q -r /tmp/requirements.txt
find {VENV_DIR} -exec touch -h -d @MTIME {{}} +
PYTHONHASHSEED=0 {VENV_DIR}/bin/python -m compileall -q -j 2 {VENV_DIR}/lib >/dev/null || true
find {VENV_DIR} -exec touch -h -d @MTIME {{}} +"""
# Bytecode names the time of its source: the same times make the same bytes each time.

_PACKAGES = """\
touch /tmp/marker
sleep 0.1
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --no-download /tmp/debs/*.deb
rm /usr/sbin/policy-rc.d
python3 /tmp/delta.py"""

_USER = f"""\
other=$(getent passwd {UID} | cut -d: -f1)
[ -z "$other" ] || [ "$other" = {TEST_USER} ] || userdel -r "$other" 2>/dev/null
id -u {TEST_USER} >/dev/null 2>&1 ||
  useradd --uid {UID} --user-group --create-home --shell /bin/bash {TEST_USER}
install -d -o {TEST_USER} -g {TEST_USER} {PROJECT_DIR}
rm -f /etc/{{passwd,group,shadow,gshadow,subuid,subgid}}- /var/log/{{lastlog,faillog}}"""


def dockerfile(recipe: Recipe, *, packages: bool, mtime: int) -> str:
    """The Dockerfile; it needs no network.

    Args:
        recipe: what the image is made from.
        packages: whether packages of the distribution are in the context.
        mtime: time all files of the virtual environment get, seconds since the epoch.
    """
    lines = [f"FROM {recipe.base} AS packages", "USER root"]
    if packages:
        lines += ["COPY debs /tmp/debs", "COPY delta.py /tmp/delta.py", _run(_PACKAGES)]
    lines += [
        "",
        "FROM packages AS venv",
        "COPY wheels /tmp/wheels",
        "COPY requirements.txt /tmp/requirements.txt",
        _run(_VENV.replace("MTIME", str(mtime))),
        "",
        f"FROM {recipe.base}",
        "USER root",
    ]
    if packages:
        lines.append("COPY --from=packages /delta/ /")
    lines += [
        _run(_USER),
        f"COPY --from=venv {VENV_DIR} {VENV_DIR}",
        "COPY venv.sh /etc/profile.d/venv.sh",
        f"ADD app.tar {PROJECT_DIR}/",
        f"ENV PATH={VENV_DIR}/bin:${{PATH}}",
        f"WORKDIR {PROJECT_DIR}",
        *(_run(command) for command in recipe.run),
        "ENTRYPOINT []",
        'CMD ["bash"]',
    ]
    return "\n".join(lines) + "\n"


def _run(script: str) -> str:
    """A RUN in its JSON form: no second shell reads it, and every line counts."""
    return "RUN " + json.dumps(["/bin/bash", "-euc", script])


def context(
    recipe: Recipe, tree: ProjectTree, house: Wheelhouse, debs: Mapping[str, bytes]
) -> dict[str, bytes]:
    """All files of the build's context, by path. The same parts give the same bytes."""
    pins = "".join(f"{name}=={version}\n" for name, version in house.versions.items())
    parts = {
        "Dockerfile": dockerfile(recipe, packages=bool(debs), mtime=tree.newest).encode(),
        recipes.FILE: recipes.write(recipe).encode(),
        "requirements.txt": pins.encode(),
        "venv.sh": PROFILE.encode(),
        "app.tar": tree.tar(uid=UID),
    }
    parts |= {f"wheels/{name}": data for name, data in house.wheels.items()}
    parts |= {f"debs/{name}": data for name, data in debs.items()}
    if debs:
        parts["delta.py"] = files("engine.gold").joinpath("inside/delta.py").read_bytes()
    return parts


async def build(engine: Engine, parts: Mapping[str, bytes], say: Callable[[str], None]) -> str:
    """The image's id. What the build leaves beside the image is removed.

    Raises:
        BuildFailed: a step of the Dockerfile failed.
    """
    stages: list[str] = []
    layers: list[str] = []

    def line(text: str) -> None:
        if match := re.match(r"Step (\d+)/(\d+) : (\w+)", text):
            if match[3] == "FROM" and layers:
                stages.append(layers[-1])
            if match[3] in ("RUN", "ADD", "COPY"):
                say(f"building the image, step {match[1]} of {match[2]}")
        elif match := re.fullmatch(r"---> ([0-9a-f]{12})", text):
            layers.append(match[1])

    sizes = 0o644
    image = await images.build(engine, archive(dict(parts), sizes), on_line=line)
    known = await images.inspect(engine, image)
    kept = {image, str((known or {}).get("Parent", ""))}
    for stage in reversed(stages):
        await _discard(engine, stage, kept)
    return image


async def _discard(engine: Engine, stage: str, kept: set[str]) -> None:
    """Remove the last image of a stage, unless it has a name or is part of the result."""
    known = await images.inspect(engine, stage)
    if known and not known.get("RepoTags") and known["Id"] not in kept:
        with contextlib.suppress(EngineError):
            await images.remove(engine, str(known["Id"]))


async def name(engine: Engine, image: str, repository: str) -> str:
    """Give the image its name in `repository`, the first 12 digits of its id as the tag."""
    version = image.removeprefix("sha256:")[:12]
    with translated("naming the image"):
        await engine.docker.images.tag(image, repo=repository, tag=version)
    return f"{repository}:{version}"
