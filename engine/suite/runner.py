"""Runs pytest inside a container and says on a file descriptor what every test did, one JSON line each.

    python runner.py [--touch] [--fd 3] -- PYTEST_ARGS...

It behaves as `python -m pytest -p no:cacheprovider PYTEST_ARGS...` does, prints what that prints and ends
with the same code. A file of its own (Python >= 3.8, pytest >= 6, nothing of the project), because it is
carried into containers whose interpreter may be damaged: it imports as little as it can, and holds on to
what it needs before tests can patch it.

The lines: `begin`, `collected` (repeated for long lists), `start`, `test`, `collect_error`, `touch` (with
`--touch`: the files, modules, programs, hosts and libraries a test used; id "" is start-up and collection)
and `end`. A run without `end` did not reach its end.
"""

from __future__ import annotations

import gc
import os
import sys
import time

TYPE_CHECKING = False  # as type checkers know it, without importing typing in the container
if TYPE_CHECKING:
    from typing import Any

MESSAGE = 2048
"""Characters kept of one failure's text."""
LINE = 32 * 1024
"""Characters of a line at which a list goes on in the next one."""
NAMES = 4000
"""Names of one kind kept for one test."""

_write, _getpid, _fstat, _clock = os.write, os.getpid, os.fstat, time.perf_counter
_getcwd, _readlink, _lstat, _access = os.getcwd, os.path.realpath, os.lstat, os.access
_open, _read, _close = os.open, os.read, os.close


def _quote(text: str) -> str:
    """A JSON string in ASCII; lone surrogates stay what they are."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return '"' + text + '"'
    out = []
    for char in text:
        code = ord(char)
        if code > 0xFFFF:
            code -= 0x10000
            out.append(f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}")
        elif char in '"\\':
            out.append("\\" + char)
        elif 0x20 <= code < 0x7F:
            out.append(char)
        else:
            out.append(f"\\u{code:04x}")
    return '"' + "".join(out) + '"'


def _json(value: Any) -> str:
    """JSON of the few shapes the lines have; the json module may be patched by a test, or damaged."""
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, dict):
        return "{" + ",".join(_quote(key) + ":" + _json(item) for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_json(item) for item in value) + "]"
    if isinstance(value, float):
        return f"{value:.6f}" if 0.0 <= value < 1e9 else "0.0"
    return str(int(value))


def _clip(text: str) -> str:
    """`text` within bounds: its head and a little of its end."""
    if len(text) <= MESSAGE:
        return text
    return text[: MESSAGE - 520] + "\n...\n" + text[-500:]


class _Wire:
    """The results' descriptor, moved out of the tests' way and kept from their children.

    Two copies at high numbers: a test that closes descriptors may hit one. Only the first process writes;
    a child that a test forked and let run on must not report.
    """

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        state = _fstat(fd)
        self.same = (state.st_dev, state.st_ino)
        self.pid = _getpid()
        self.copies = []
        for number in (4000, 1000, 250, 120, 60):
            try:
                _fstat(number)
            except OSError:
                try:
                    self.copies.append(os.dup2(fd, number, inheritable=False))
                except OSError:
                    continue
            if len(self.copies) == 2:
                break
        if self.copies:
            _close(fd)
        else:
            self.copies.append(fd)

    def send(self, kind: str, **fields: Any) -> None:
        """One line, in one write wherever the kernel allows."""
        if _getpid() != self.pid:
            return
        line = (_json(dict({"k": kind}, **fields)) + "\n").encode("ascii")
        for fd in self.copies:
            try:
                state = _fstat(fd)
                if (state.st_dev, state.st_ino) != self.same:
                    continue
                while line:
                    line = line[_write(fd, line) :]
                return
            except OSError:
                continue

    def lists(self, kind: str, fields: dict[str, str], lists: dict[str, list[str]]) -> None:
        """A line with lists, in as many lines as keep each of them short."""
        batch: dict[str, list[str]] = {name: [] for name in lists}
        size = 0
        for name, items in lists.items():
            for item in items:
                if size and size + len(item) > LINE:
                    self.send(kind, **fields, **batch)
                    batch = {name: [] for name in lists}
                    size = 0
                batch[name].append(item)
                size += len(item) + 8
        self.send(kind, **fields, **batch)


def _crash(report: Any) -> str:
    """Why a report failed: the exception's own line, then the last frames in the project."""
    longrepr = getattr(report, "longrepr", None)
    if longrepr is None:
        return ""
    if isinstance(longrepr, tuple):  # a skip: path, line, reason
        return _clip(str(longrepr[-1]))
    try:
        crash = getattr(longrepr, "reprcrash", None)
        if crash is None:
            text = str(longrepr)
            return text if len(text) <= MESSAGE else "...\n" + text[-MESSAGE + 4 :]
        frames = []
        for entry in longrepr.reprtraceback.reprentries:
            where = getattr(entry, "reprfileloc", None)
            if where is not None:
                frames.append(f"{where.path}:{where.lineno}")
        own = [frame for frame in frames if "site-packages" not in frame and not frame.startswith("/")]
        lines = [_clip(str(crash.message))]
        lines += ["  at " + frame[-200:] for frame in (own or frames)[-4:]]
        return _clip("\n".join(lines))
    except Exception as error:  # a repr of the project's own may raise anything
        return f"failure without a text ({type(error).__name__})"


class _Test:
    """What is known of the running test."""

    def __init__(self) -> None:
        self.outcome = ""
        self.message = ""
        self.seconds = 0.0
        self.again = False

    def settle(self, report: Any) -> None:
        """Take one phase's report in. The first failure decides; a later phase does not mend it."""
        if report.outcome == "rerun":
            self.again = True  # a plugin will run the test once more: only its last attempt counts
        self.seconds += float(getattr(report, "duration", 0.0) or 0.0)
        subtest = hasattr(report, "context") and "sub" in type(report).__name__.lower()
        found = ""
        if report.failed:
            found = "failed" if getattr(report, "when", "") == "call" else "error"
        elif subtest:
            return  # only its failure says something of the whole test
        elif report.skipped:
            found = "xfailed" if hasattr(report, "wasxfail") else "skipped"
        elif getattr(report, "when", "") == "call":
            found = "xpassed" if hasattr(report, "wasxfail") else "passed"
        if found and self.outcome not in ("failed", "error"):
            self.outcome = found
            self.message = "" if found == "passed" else _crash(report)


class _Plugin:
    """Hooks of pytest that turn its reports into lines."""

    def __init__(self, wire: _Wire, touch: _Touch | None) -> None:
        self.wire = wire
        self.touch = touch
        self.tests: dict[str, _Test] = {}

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be collected."""
        if report.failed:
            self.wire.send("collect_error", id=report.nodeid, message=_crash(report))

    def pytest_collection_finish(self, session: Any) -> None:
        """What is going to run."""
        self.wire.lists("collected", {}, {"ids": [item.nodeid for item in session.items]})

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        if self.touch:
            self.touch.turn(nodeid)
        self.tests[nodeid] = _Test()
        self.wire.send("start", id=nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test is over; `setup` again means that it is run again."""
        if report.when == "setup" or report.nodeid not in self.tests:
            self.tests[report.nodeid] = _Test()
        self.tests[report.nodeid].settle(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """All phases are over."""
        test = self.tests.pop(nodeid, None) or _Test()
        if not test.again:
            self.wire.send(
                "test",
                id=nodeid,
                outcome=test.outcome or "error",
                seconds=test.seconds,
                message=test.message if test.outcome else "no report",
            )
        if self.touch:
            self.touch.turn("")

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Pytest or a plugin failed."""
        self.wire.send("collect_error", id="", message=_clip("internal error: " + str(excrepr)[-MESSAGE:]))


class _Touch:
    """What the running test uses, by audit events; what forked children execute comes by shared memory."""

    SLOTS, SLOT = 256, 2048

    def __init__(self, wire: _Wire) -> None:
        import mmap

        self.wire = wire
        self.id = ""
        self.busy = False
        self.kinds: dict[str, dict[str, None]] = {}
        self.maps: set[str] = set()
        self.shared = mmap.mmap(-1, self.SLOTS * self.SLOT)
        self.clear()
        sys.addaudithook(self.hook)

    def clear(self) -> None:
        """Forget what was seen."""
        self.kinds = {"paths": {}, "imports": {}, "execs": {}, "hosts": {}, "libs": {}}

    def add(self, kind: str, name: str) -> None:
        """Remember one name."""
        seen = self.kinds[kind]
        if len(seen) < NAMES and len(name) < 4096:
            seen[name] = None

    def path(self, name: Any, kind: str = "paths") -> None:
        """A file that is there: as it was named and as it is reached."""
        if hasattr(name, "__fspath__"):
            name = name.__fspath__()
        if isinstance(name, bytes):
            name = os.fsdecode(name)
        if not isinstance(name, str) or not name or name.startswith(":"):
            return
        name = os.path.normpath(os.path.join(_getcwd(), name))
        if name.startswith(("/proc/", "/sys/", "/dev/")):
            return
        if kind == "execs" and os.path.isdir(name):
            return
        _lstat(name)
        self.add(kind, name)
        self.add(kind, _readlink(name))

    def program(self, name: Any, env: Any = None) -> None:
        """An executable, looked up as the system would."""
        name = os.fsdecode(name)
        if "/" in name:
            self.path(name, "execs")
            return
        search = (env or os.environ).get("PATH") or os.defpath
        for folder in os.fsdecode(search).split(os.pathsep):
            found = os.path.join(folder, name)
            if _access(found, os.X_OK) and os.path.isfile(found):
                self.path(found, "execs")
                return

    def words(self, script: Any) -> None:
        """Programs a shell script may name."""
        text = os.fsdecode(script)[:4096]
        for sign in ";|&()`'\"<>$\n":
            text = text.replace(sign, " ")
        for word in text.split()[:64]:
            if not word.startswith("-"):
                self.program(word)

    def command(self, executable: Any, argv: Any, env: Any) -> None:
        """A program that is started with arguments."""
        if isinstance(argv, (str, bytes)) or hasattr(argv, "__fspath__"):
            argv = [argv]
        argv = list(argv or ())
        if executable or argv:
            self.program(executable or argv[0], env if isinstance(env, dict) else None)
        if len(argv) > 2 and argv[1] in ("-c", b"-c"):
            self.words(argv[2])

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """Called by the interpreter for everything: quick for what does not matter, and never raises."""
        if event not in _EVENTS or self.busy:
            return
        self.busy = True
        try:
            if _getpid() != self.wire.pid:
                if event == "os.exec":
                    note = os.fsencode(args[0])[: self.SLOT - 1]
                    start = _getpid() % self.SLOTS * self.SLOT
                    self.shared[start : start + len(note) + 1] = note + b"\0"
                return
            if event in ("open", "sqlite3.connect"):
                self.path(args[0])
            elif event == "import":
                self.add("imports", str(args[0]))
                if args[1]:
                    self.path(args[1])
            elif event in ("subprocess.Popen", "os.posix_spawn", "os.exec"):
                self.command(args[0], args[1], args[3] if event == "subprocess.Popen" else args[2])
            elif event == "os.system":
                self.program("/bin/sh")
                self.words(args[0])
            elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
                if args[0]:
                    self.add("hosts", os.fsdecode(args[0]))
            elif event == "ctypes.dlopen" and args[0] and "/" in str(args[0]):
                self.path(args[0], "libs")
        except Exception:  # looking on must not disturb the test
            return
        finally:
            self.busy = False

    def collect(self) -> None:
        """What events do not tell: programs of forked children, libraries mapped by now."""
        for slot in range(self.SLOTS):
            start = slot * self.SLOT
            if self.shared[start]:
                note = self.shared[start : start + self.SLOT].split(b"\0", 1)[0]
                self.shared[start] = 0
                self.program(note)
        fd = _open("/proc/self/maps", os.O_RDONLY)
        try:
            data = b""
            while len(data) < 1 << 23:
                piece = _read(fd, 1 << 16)
                if not piece:
                    break
                data += piece
        finally:
            _close(fd)
        for line in data.splitlines():
            name = os.fsdecode(line.split(None, 5)[-1])
            if name.startswith("/") and ".so" in name and name not in self.maps:
                self.maps.add(name)
                self.add("libs", name)

    def turn(self, test: str) -> None:
        """Say what was used since the last turn; what follows belongs to `test`."""
        self.busy = True
        try:
            self.collect()
        except Exception:  # a name or an environment of the test's own making
            pass
        finally:
            self.busy = False
        if any(self.kinds.values()):
            self.wire.lists("touch", {"id": self.id}, {kind: list(seen) for kind, seen in self.kinds.items()})
        self.clear()
        self.id = test


_EVENTS = frozenset(
    (
        "open",
        "import",
        "sqlite3.connect",
        "subprocess.Popen",
        "os.posix_spawn",
        "os.exec",
        "os.system",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "ctypes.dlopen",
    )
)


def _disguise(args: list[str]) -> None:
    """Make the process look as `python -m pytest` would leave it: path, arguments, main module."""
    if sys.path and os.path.realpath(sys.path[0] or ".") == os.path.dirname(os.path.realpath(__file__)):
        sys.path[0] = _getcwd()
    import importlib.util

    spec = importlib.util.find_spec("pytest.__main__")
    main = sys.modules["__main__"]
    if spec is not None and spec.origin:
        main.__spec__, main.__file__, main.__package__ = spec, spec.origin, "pytest"
        sys.argv = [spec.origin, *args]


def main(argv: list[str]) -> int:
    """Run the suite; the exit code is pytest's."""
    fd, touching = 3, False
    args = list(argv)
    while args:
        option = args.pop(0)
        if option == "--":
            break
        if option == "--touch":
            touching = True
        elif option == "--fd" and args:
            fd = int(args.pop(0))
        else:
            sys.stderr.write(f"runner: unknown option {option}\n")
            return 4
    wire = _Wire(fd)
    touch = _Touch(wire) if touching else None
    _disguise(args)
    import pytest

    wire.send("begin", pytest=str(pytest.__version__), python=sys.version.split()[0])
    code = 1
    try:
        code = int(pytest.main(["-p", "no:cacheprovider", *args], plugins=[_Plugin(wire, touch)]))
    except BaseException as error:
        wire.send("collect_error", id="", message=_clip(f"{type(error).__name__}: {error}"))
        raise
    finally:
        if touch:
            touch.turn("")
        wire.send("end", exit=code)
    sys.stdout.flush()
    gc.freeze()  # the interpreter's last look for garbage takes a tenth of a second after a large suite
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
