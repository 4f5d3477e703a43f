"""The gold image: its Dockerfile, the context that rebuilds it anywhere, and the build."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files

from engine import clean
from engine.errors import EngineError
from engine.gold import recipe as recipes
from engine.gold.builder import StepFailed, complaint
from engine.gold.model import PROJECT_DIR, TEST_USER, VENV_DIR, Recipe
from engine.gold.tree import ProjectTree
from engine.gold.wheels import Wheelhouse
from engine.sandbox import images
from engine.sandbox.client import Engine, translated
from engine.sandbox.sandbox import Tail
from engine.sandbox.tools import archive

UID = 1000
"""User id of the test user, who owns the sources."""

_PINS = "wheels/requirements.txt"
_VENV = f"""\
python3 -m venv --without-pip {VENV_DIR}
pip=$(echo /tmp/wheels/pip-*.whl)
{VENV_DIR}/bin/python "$pip/pip" --isolated install -q -r /tmp/wheels/requirements.txt \\
  --no-index --find-links /tmp/wheels --no-deps --no-compile --no-cache-dir \\
  --disable-pip-version-check --root-user-action=ignore
find {VENV_DIR} -exec touch -h -d @MTIME {{}} +
PYTHONHASHSEED=0 {VENV_DIR}/bin/python -m compileall -q -j 2 {VENV_DIR}/lib >/dev/null || true
find {VENV_DIR} -exec touch -h -d @MTIME {{}} +"""
# Bytecode names the time of its source: the same times make the same bytes each time.

_PACKAGES = """\
touch /tmp/marker
sleep 0.1
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends /tmp/debs/*.deb
rm /usr/sbin/policy-rc.d
python3 /tmp/delta.py"""

_USER = f"""\
# Login shells start from the distribution's PATH; the project's environment comes first in it.
cat >/etc/profile.d/venv.sh <<'EOF'
case ":$PATH:" in
  *:{VENV_DIR}/bin:*) ;;
  *) PATH={VENV_DIR}/bin:$PATH ;;
esac
export PATH
EOF
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
    parts = {
        "Dockerfile": dockerfile(recipe, packages=bool(debs), mtime=tree.newest).encode(),
        recipes.FILE: recipes.write(recipe).encode(),
        _PINS: _pins(house.wheels),
        "app.tar": tree.tar(uid=UID),
    }
    parts |= {f"wheels/{name}": data for name, data in house.wheels.items()}
    parts |= {f"debs/{name}": data for name, data in debs.items()}
    if debs:
        parts["delta.py"] = files("engine.gold").joinpath("inside/delta.py").read_bytes()
    return parts


def with_wheels(parts: Mapping[str, bytes], recipe: Recipe, wheels: Mapping[str, bytes]) -> dict[str, bytes]:
    """A context with further wheels in it, for the recipe that asks for them."""
    there = [path.removeprefix("wheels/") for path in parts if path.endswith(".whl")]
    return {
        **parts,
        **{f"wheels/{name}": data for name, data in wheels.items()},
        recipes.FILE: recipes.write(recipe).encode(),
        _PINS: _pins([*there, *wheels]),
    }


def _pins(wheels: Iterable[str]) -> bytes:
    versions = Wheelhouse(dict.fromkeys(wheels, b""), (), ()).versions
    return "".join(f"{name}=={version}\n" for name, version in versions.items()).encode()


async def build(engine: Engine, parts: Mapping[str, bytes], say: Callable[[str], None]) -> str:
    """The image's id. What the build leaves beside the image is removed.

    Raises:
        StepFailed: a step of the Dockerfile did.
    """
    layers: list[str] = []
    printed = Tail(16 << 10)

    def line(text: str) -> None:
        if match := re.match(r"Step (\d+)/(\d+) : (RUN|ADD|COPY)", text):
            say(f"building the image, step {match[1]} of {match[2]}")
        elif match := re.fullmatch(r"---> ([0-9a-f]{12})", text):
            layers.append(match[1])
        elif not text.startswith(("---> Running", "Removing intermediate")):
            printed.add(text.encode() + b"\n")

    image = ""
    try:
        image = await images.build(engine, archive(dict(parts), 0o644), on_line=line)
    except images.BuildFailed as error:
        output = clean.block(printed.bytes().decode("utf-8", "replace"), 16 << 10)
        raise StepFailed(
            f"building the image failed: {complaint(output)}", output, "see the recipe's apt and run"
        ) from error
    finally:
        await asyncio.shield(_discard(engine, frozenset(layers), image))
    return image


async def _discard(engine: Engine, layers: frozenset[str], image: str) -> None:
    """Remove what a build made on the way and `image`, if there is one, does not stand on.

    Args:
        engine: where it was built.
        layers: short ids of the images its steps told of, the base among them. All but that are this
            build's alone, and so is what was made from them.
        image: what came of it; empty when it failed or was cancelled.
    """
    if not image:
        await asyncio.sleep(1)  # the engine ends the step it was at
    with contextlib.suppress(EngineError):
        known = {str(each["Id"]): each for each in await engine.api("images/json", params={"all": "true"})}
        named = {ident for ident, each in known.items() if set(each["RepoTags"] or ()) - {"<none>:<none>"}}
        own = {ident for ident in known if ident[7:19] in layers} - named - {image}
        parents = {str(each["ParentId"]) for each in known.values()}
        made_of = {ident for ident, each in known.items() if str(each["ParentId"]) in own} - named - {image}
        # The engine takes the nameless ones they were made from along.
        for leaf in (own | made_of) - parents:
            with contextlib.suppress(EngineError):
                await images.remove(engine, leaf)


async def name(engine: Engine, image: str, repository: str) -> str:
    """Give the image its name in `repository`, the first 12 digits of its id as the tag."""
    version = image.removeprefix("sha256:")[:12]
    with translated("naming the image"):
        await engine.docker.images.tag(image, repo=repository, tag=version)
    return f"{repository}:{version}"
