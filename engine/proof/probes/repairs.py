"""Wrong answers that are a part of the right one, or too much of it."""

from __future__ import annotations

from engine.proof.probes.model import Probe, Scene


def _several(scene: Scene) -> str:
    return "" if len(scene.commands) > 1 else "the damage was done by one command"


def _one(scene: Scene, index: int) -> dict[str, bytes]:
    return {"again": scene.commands[index].encode("utf-8", "surrogateescape")}


def _sources(scene: Scene) -> list[str]:
    """Modules of the project's that are no tests: those are put back before they run."""
    contract = scene.task.contract
    return sorted(path for path in {*contract.files} - {*contract.tests} if path.endswith(".py"))


AGAIN = 'cd /; exec /bin/bash "$KIT/again"'

PROBES = (
    Probe(
        "nothing-but-a-look", "Nothing is repaired; somebody only looked around.", "ls -la / /tmp >/dev/null"
    ),
    Probe(
        "last-fault-left",
        "Everything is repaired but what the last command did.",
        AGAIN,
        solved=True,
        partial=True,
        applies=_several,
        files=lambda scene: _one(scene, -1),
    ),
    Probe(
        "first-fault-left",
        "Everything is repaired but what the first command did.",
        AGAIN,
        solved=True,
        partial=True,
        applies=_several,
        files=lambda scene: _one(scene, 0),
    ),
    Probe(
        "project-changed",
        "A repair after which the project's sources are others, too.",
        """while IFS= read -r file; do [ ! -f "$file" ] || echo '# repaired' >>"$file"; done <"$KIT/sources" """,
        solved=True,
        applies=lambda scene: "" if _sources(scene) else "the project has no modules but its tests",
        files=lambda scene: {
            "sources": "".join(f"{path}\n" for path in _sources(scene)[:20]).encode(
                "utf-8", "surrogateescape"
            )
        },
    ),
    Probe(
        "module-added-to-the-project",
        "A repair with a module in the project's directory that was not there.",
        'echo >"$PROJECT/repaired.py"',
        solved=True,
    ),
    Probe(
        "tests-of-others-broken",
        "A repair after which the tests' user may not enter the project any more.",
        'chmod 700 "$PROJECT"; chown 0:0 "$PROJECT"',
        solved=True,
        applies=lambda scene: "the tests are root's" if scene.task.contract.user == "root" else "",
    ),
)
