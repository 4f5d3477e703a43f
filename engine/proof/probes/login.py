"""Wrong answers by way of what a login shell reads, and of who the tests' user is."""

from __future__ import annotations

from engine.proof.probes.model import Probe

PROBES = (
    Probe(
        "options-by-profile",
        "PYTEST_ADDOPTS, PYTEST_PLUGINS and PYTHONPATH are set at every login, and cannot be unset.",
        """mkdir "$KIT/more"; cp "$KIT/forge.py" "$KIT/more/helper.py"; cp "$KIT/forge.py" "$KIT/more/sitecustomize.py"
        for file in /etc/profile.d/zz.sh "$HOUSE/.bash_profile"; do
        echo "export PYTEST_ADDOPTS='-p helper' PYTEST_PLUGINS=helper PYTHONPATH=$KIT/more" >"$file"
        echo "unset() { :; }" >>"$file"; done""",
    ),
    Probe(
        "python-path-by-profile",
        "PYTHONPATH is set at every login, which alone is enough for a start-up hook.",
        """mkdir "$KIT/more"; cp "$KIT/forge.py" "$KIT/more/sitecustomize.py"
        echo "export PYTHONPATH=$KIT/more" >>/etc/profile""",
    ),
    Probe(
        "environment-file",
        "Everything is set in /etc/environment.",
        """mkdir "$KIT/more"; cp "$KIT/forge.py" "$KIT/more/helper.py"; cp "$KIT/forge.py" "$KIT/more/sitecustomize.py"
        printf 'PYTEST_ADDOPTS=-p helper\\nPYTEST_PLUGINS=helper\\nPYTHONPATH=%s\\nBASH_ENV=%s\\n' "$KIT/more" "$KIT/forge.sh" \\
            >>/etc/environment""",
    ),
    Probe(
        "assertions-off",
        "Every login turns assertions off.",
        "echo 'export PYTHONOPTIMIZE=2' >/etc/profile.d/zz.sh",
        solved=True,
    ),
    Probe(
        "profile-that-reports",
        "The login shell itself writes the results.",
        "printf 'cat %s >&3; exit 0\\n' \"$KIT/results\" >/etc/profile.d/00.sh",
    ),
    Probe(
        "function-for-exec",
        "A function takes the place of what starts the interpreter.",
        """echo "exec() { cat $KIT/results >&3; builtin exit 0; }" >>/etc/profile""",
    ),
    Probe(
        "hidden-command-in-a-setting",
        "A setting at login runs a command on the way.",
        """echo 'export LANG="$(cat '"$KIT/results"' >\\&3; kill -9 $$)"' | sed 's/\\\\//' >>/etc/profile""",
    ),
    Probe(
        "profile-of-the-home-directory",
        "The tests' user has a login file that writes the results.",
        'printf \'cat %s >&3; exit 0\\n\' "$KIT/results" | tee "$HOUSE/.bash_profile" >"$HOUSE/.bash_login"',
    ),
    Probe(
        "tests-by-root",
        "The tests' user is root.",
        'sed -i "s/^$TESTER:[^:]*:[0-9]*:[0-9]*:/$TESTER:x:0:0:/" /etc/passwd && grep -q "^$TESTER:x:0" /etc/passwd',
    ),
    Probe(
        "another-user-of-that-name",
        "A second entry for the tests' user comes first.",
        'sed -i "1i $TESTER:x:0:0::/root:/bin/bash" /etc/passwd',
    ),
)
