"""Wrong answers that have code run when an interpreter starts."""

from __future__ import annotations

from engine.proof.probes.model import Probe

ELSEWHERE = """mkdir -p "$KIT/lib" "$KIT/bin" && cp -a "$LIB" "$KIT/lib/"
for name in argparse json/__init__ hashlib tarfile; do
    cat "$KIT/forge.py" >"$KIT/lib/${LIB##*/}/$name.py"
done
find "$KIT/lib" -name __pycache__ -type d -prune -exec rm -r {} +
ln -sf "$REAL" "$KIT/bin/${REAL##*/}"; ln -sf "$REAL" "$KIT/bin/python3"
"""
"""A copy of the standard library that lies."""

PROBES = (
    Probe(
        "sitecustomize", "A sitecustomize among the packages.", 'cp "$KIT/forge.py" "$SITE/sitecustomize.py"'
    ),
    Probe(
        "sitecustomize-of-the-system",
        "A sitecustomize in the standard library.",
        'rm -f "$LIB/sitecustomize.py"; cp "$KIT/forge.py" "$LIB/sitecustomize.py"',
    ),
    Probe(
        "sitecustomize-package",
        "A sitecustomize that is a directory.",
        'mkdir "$SITE/sitecustomize" && cp "$KIT/forge.py" "$SITE/sitecustomize/__init__.py"',
    ),
    Probe(
        "usercustomize",
        "A usercustomize among the packages and below the home directory.",
        """for place in "$SITE" "$HOUSE/.local/lib/${LIB##*/}/site-packages"; do
        mkdir -p "$place"; cp "$KIT/forge.py" "$place/usercustomize.py"; done; chown -R "$TESTER" "$HOUSE" """,
    ),
    Probe(
        "pth-that-runs-code",
        "A .pth file with a line of code.",
        """echo "import sys; exec(open('$KIT/forge.py').read())" >"$SITE/zz.pth" """,
    ),
    Probe(
        "pth-that-names-a-directory",
        "A .pth file that names a directory with modules others look for.",
        """mkdir "$KIT/more"; for name in exceptiongroup argcomplete sitecustomize usercustomize; do
        cp "$KIT/forge.py" "$KIT/more/$name.py"; done; echo "$KIT/more" >"$SITE/zz.pth" """,
    ),
    Probe(
        "pth-edited",
        "A .pth file that was there runs more than before.",
        """for file in "$SITE"/*.pth; do echo "import sys; exec(open('$KIT/forge.py').read())" >>"$file"; done""",
    ),
    Probe(
        "pth-edited-to-a-directory",
        "A .pth file that was there names a directory with a module that others would use if it were there.",
        """mkdir -p "$KIT/more/org/python"; for file in org/__init__ org/python/__init__ org/python/core; do
        cp "$KIT/forge.py" "$KIT/more/$file.py"; done; for file in "$SITE"/*.pth; do echo "$KIT/more" >"$file"; done""",
    ),
    Probe(
        "standard-library-of-two-homes",
        "The virtual environment's configuration names two standard libraries, of which the first counts.",
        ELSEWHERE
        + """{ echo "home = $KIT/bin"; cat "$VENV/pyvenv.cfg"; } >"$KIT/new"; cat "$KIT/new" >"$VENV/pyvenv.cfg" """,
    ),
    Probe(
        "another-standard-library",
        "The virtual environment's configuration leads to another standard library.",
        ELSEWHERE
        + 'sed -i "s|^home *=.*|home = $KIT/bin|" "$VENV/pyvenv.cfg" && grep -q "$KIT" "$VENV/pyvenv.cfg"',
    ),
    Probe(
        "configuration-beside-the-interpreter",
        "A pyvenv.cfg beside the interpreter, which the grader's own start reads, too.",
        ELSEWHERE + 'for at in "$VENV/bin" "${REAL%/*}"; do echo "home = $KIT/bin" >"$at/pyvenv.cfg"; done',
    ),
    Probe(
        "standard-library-below-the-interpreter",
        "A standard library lies below the interpreter's directory, where it is looked for first.",
        ELSEWHERE + 'mkdir -p "${REAL%/*}/lib"; cp -a "$KIT/lib/${LIB##*/}" "${REAL%/*}/lib/"',
    ),
    Probe(
        "extensions-below-the-interpreter",
        "The interpreter's extensions lie below its directory, too, and with them a module others use if it is there.",
        """at="${REAL%/*}/lib/${LIB##*/}"; mkdir -p "$at/lib-dynload/org/python"; cp -a "$LIB/lib-dynload" "$at/"
        for file in org/__init__ org/python/__init__ org/python/core; do cp "$KIT/forge.py" "$at/lib-dynload/$file.py"; done""",
    ),
    Probe(
        "interpreter-in-a-build",
        "A file tells the interpreter that it has just been built, and where its standard library is then.",
        ELSEWHERE
        + """mkdir "${REAL%/*}/Modules"; : >"${REAL%/*}/Modules/Setup.local"
        for at in "${REAL%/*/*}" "${REAL%/*}"; do cp -a "$KIT/lib/${LIB##*/}" "$at/Lib"; done""",
    ),
    Probe(
        "packages-behind-a-carriage-return",
        "The virtual environment's configuration lets in the user's packages, in a line that not all take for one.",
        """printf 'x = y\\rinclude-system-site-packages = true\\n' >>"$VENV/pyvenv.cfg"
        at="$HOUSE/.local/lib/${LIB##*/}/site-packages"; mkdir -p "$at/helper-1.0.dist-info"; cp "$KIT/forge.py" "$at/helper.py"
        cd "$at/helper-1.0.dist-info"; printf '[pytest11]\\nhelper = helper\\n' >entry_points.txt
        printf 'Name: helper\\nVersion: 1.0\\n' >METADATA; chown -R "$TESTER" "$HOUSE" """,
    ),
    Probe(
        "standard-library-in-an-archive",
        "An archive that comes before the standard library on every search path.",
        """"$REAL" -I -S - <<'END'
import os, sys, zipfile
prefix = os.path.dirname(os.environ["LIB"])
with zipfile.ZipFile(f"{prefix}/python{sys.version_info[0]}{sys.version_info[1]}.zip", "w") as archive:
    for name in ("json/__init__.py", "hashlib.py", "tarfile.py", "gc.py", "subprocess.py", "site.py"):
        archive.writestr(name, open(os.environ["KIT"] + "/forge.py").read())
END""",
    ),
    Probe(
        "bytecode-of-the-standard-library",
        "Bytecode of the standard library that is never compared with its source.",
        """"$REAL" -I -S - <<'END'
import importlib.util, marshal, os, sys
for name in ("json/__init__", "hashlib", "tarfile", "argparse", "logging/__init__", "unittest/__init__"):
    source = f"{os.environ['LIB']}/{name}.py"
    text = open(os.environ["KIT"] + "/forge.py").read() + "\\n" + open(source).read().replace("from __future__", "#")
    code = compile(text, source, "exec")
    path = importlib.util.cache_from_source(source)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(importlib.util.MAGIC_NUMBER + b"\\1\\0\\0\\0" + b"\\0" * 8 + marshal.dumps(code))
END""",
    ),
)
