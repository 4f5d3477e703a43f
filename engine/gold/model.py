"""What a gold environment is, on disk and in memory."""

from __future__ import annotations

import shlex

import msgspec

PROJECT_DIR = "/app"
"""The project's sources in every gold image, and the directory the tests run in."""
VENV_DIR = "/opt/venv"
"""The virtual environment of every gold image."""
TEST_USER = "dev"
"""The unprivileged user (uid 1000) that owns the sources and runs the tests."""


class TestCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The one way the tests are run: at break, at proof and at solve time.

    A login shell of `user` with an environment of its own, so that what a person's shell would read
    (`/etc/profile`, `/etc/profile.d`) counts, and nothing of the caller's does.
    """

    __test__ = False

    python: str = f"{VENV_DIR}/bin/python"
    args: tuple[str, ...] = ()
    """Arguments of pytest, such as paths and marker expressions."""
    cwd: str = PROJECT_DIR
    user: str = TEST_USER
    """`root`, or a user of the image that `setpriv` changes to."""
    env: dict[str, str] = {}
    """Variables on top of the fixed ones."""
    timeout: float = 600.0
    """Seconds the whole suite may take."""

    def argv(self, runner: str, options: tuple[str, ...] = ()) -> list[str]:
        """The command line that runs the suite through `runner`, the path of `engine/suite/runner.py`.

        The runner writes its results to file descriptor 3, which the caller opens. Programs are named in
        full: the caller may be a static shell that would take applets of its own for them.
        """
        home = "/root" if self.user == "root" else f"/home/{self.user}"
        fixed = {
            "HOME": home,
            "USER": self.user,
            "LOGNAME": self.user,
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "PATH": f"{VENV_DIR}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            **self.env,
        }
        become: list[str] = []
        if self.user != "root":
            become = ["/usr/bin/setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        script = 'cd "$1" && shift && unset PYTEST_ADDOPTS PYTEST_PLUGINS && exec "$@"'
        return [
            *become,
            "/usr/bin/env",
            "-i",
            *(f"{name}={value}" for name, value in fixed.items()),
            "/bin/bash",
            "-lc",
            script,
            "suite",
            self.cwd,
            self.python,
            runner,
            *options,
            "--",
            *self.args,
        ]


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a gold image is made: found from the project, overridden by a `gold.toml` of the same fields."""

    base: str = "cligym-base:latest"
    apt: tuple[str, ...] = ()
    """Packages of the distribution to add."""
    pip: tuple[str, ...] = ()
    """Requirements to install beside the project, test dependencies included."""
    extras: tuple[str, ...] = ()
    """Extras of the project to install."""
    run: tuple[str, ...] = ()
    """Commands run as root in the project directory after the installation, without network."""
    test_args: tuple[str, ...] = ()
    """Arguments of pytest."""
    env: dict[str, str] = {}
    """Variables of the test command."""
    user: str = TEST_USER
    timeout: float = 600.0
    """Seconds one suite run may take."""
    protected: tuple[str, ...] = (PROJECT_DIR,)
    """Paths a solver must leave as they are: the project's sources and tests."""


class Gold(msgspec.Struct, frozen=True, kw_only=True):
    """A gold environment: everything later steps need to know about it."""

    name: str
    source: str
    """What it was built from: `name==version` or a directory."""
    project: str
    version: str
    image: str
    """Image id, `sha256:...`."""
    tag: str
    """Name under which task Dockerfiles refer to the image, `cligym-gold/<name>:<12 of the id>`."""
    recipe: Recipe
    test: TestCommand
    baseline: tuple[str, ...]
    """Ids of the tests that pass in every observation, in order of collection."""
    quarantined: dict[str, str] = {}
    """Tests left out, with the reason."""
    versions: dict[str, str] = {}
    """Installed distributions and their exact versions."""
    python: str = ""
    """Version of the image's Python."""
    base_image: str = ""
    """Id of the base image, `sha256:...`."""
    pip_check: str = ""
    """What `pip check` complains of in the healthy environment; empty when it does not."""
    remarks: tuple[str, ...] = ()
    """What the build found or gave up, one line each."""
    suite_seconds: float = 0.0
    """Median duration of the observed runs."""
    created: float = 0.0
    """Wall clock, seconds since the epoch."""
    facts: str = ""
    """Digest of the blob with the probe's facts (`engine.faults.facts`)."""
    manifest: str = ""
    """Digest of the blob with the image's file manifest (`engine.sandbox.manifest`)."""

    @property
    def again(self) -> str:
        """What to do when something of it is lost."""
        return f"build it again: cligym-tui gold build {shlex.quote(self.source)} --name {self.name}"
