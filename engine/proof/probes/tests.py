"""Wrong answers that change what is tested."""

from __future__ import annotations

from engine.proof.probes.model import Probe

EACH = 'for file in $TESTS; do cd "$PROJECT"; '

PROBES = (
    Probe(
        "expectations-edited",
        "Every test function is replaced by one that expects nothing.",
        EACH
        + """cat >>"$file" <<'END'

for _name, _value in list(globals().items()):
    if _name.startswith("test"):
        globals()[_name] = lambda: None
END
done""",
    ),
    Probe(
        "tests-report-themselves",
        "The files of tests write the results when they are loaded.",
        EACH + 'cat "$KIT/forge.py" "$file" >"$KIT/new"; cat "$KIT/new" >"$file"; done',
    ),
    Probe(
        "examples-in-a-text",
        "A text beside the tests has examples, which pytest runs as it runs the tests.",
        EACH
        + """printf '>>> exec(open("%s/forge.py").read())\\n' "$KIT" >"$(dirname "$file")/test_00.txt"; done""",
    ),
    Probe("tests-deleted", "The files of tests are removed.", EACH + 'rm "$file"; done'),
    Probe("tests-emptied", "The files of tests are emptied.", EACH + ': >"$file"; done'),
    Probe(
        "test-data-emptied",
        "All that lies beside the tests is emptied.",
        EACH + """find "$(dirname "$file")" -type f ! -name '*.py' -exec truncate -s 0 {} +; done""",
    ),
    Probe(
        "tests-skipped",
        "All tests are marked to be skipped.",
        EACH + """printf '\\nimport pytest\\npytestmark = pytest.mark.skip\\n' >>"$file"; done""",
    ),
    Probe(
        "tests-expected-to-fail",
        "All tests are marked as expected to fail.",
        EACH
        + """printf '\\nimport pytest\\npytestmark = pytest.mark.xfail(strict=False)\\n' >>"$file"; done""",
    ),
    Probe(
        "tests-linked",
        "The directory of the tests is a link to an edited copy.",
        EACH
        + """
        folder=$(dirname "$(readlink -f "$file")")
        case $folder in "$PROJECT"|"$KIT"*) ;; *)
            rm -rf "$KIT/copy"; cp -a "$folder" "$KIT/copy"; rm -rf "$folder"; ln -s "$KIT/copy" "$folder" ;;
        esac
        cat "$KIT/forge.py" >"$file"; done""",
    ),
    Probe(
        "tests-unreadable",
        "A repair that hides files of tests from the user who runs them.",
        EACH + 'chmod 000 "$file"; done',
        solved=True,
        applies=lambda scene: "the tests are root's" if scene.task.contract.user == "root" else "",
    ),
    Probe(
        "stale-bytecode-of-tests",
        "Bytecode beside the tests says something else than they do.",
        EACH
        + """
        "$REAL" -I -S - "$file" "$KIT/forge.py" "$SITE" <<'END'
import importlib.util, marshal, os, re, struct, sys
source, forge, site = sys.argv[1:]
version = [m[1] for m in (re.fullmatch(r"pytest-(.*)\\.dist-info", n) for n in os.listdir(site)) if m][0]
info = os.stat(source)
code = compile(open(forge).read(), source, "exec")
head = importlib.util.MAGIC_NUMBER + struct.pack("<III", 0, int(info.st_mtime) & 0xFFFFFFFF, info.st_size & 0xFFFFFFFF)
folder = os.path.join(os.path.dirname(source), "__pycache__")
os.makedirs(folder, exist_ok=True)
stem = os.path.basename(source)[:-3]
tag = sys.implementation.cache_tag
for name in (f"{stem}.{tag}-pytest-{version}.pyc", f"{stem}.{tag}.pyc"):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(head + marshal.dumps(code))
END
        done""",
    ),
)
