"""What was done in a live shell, done again by a Dockerfile: the same files, whatever shells and builders do.

Every test runs commands in a session's shell, builds the inversion for real, and compares.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import msgspec
import pytest

from engine.gold.model import Gold
from engine.inversion import Line, dockerfile
from engine.sandbox import images, tools
from engine.sandbox.client import Engine
from engine.sandbox.container import labels
from engine.sandbox.delta import Entry, Layer, effective
from engine.sandbox.difference import difference
from engine.sandbox.readers import reader
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.shell import Ended, Shell, typed
from engine.sandbox.snapshots import Snapshot, Snapshots
from engine.suite.run import Suite

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@dataclass
class Session:
    """A branch without its suite: commands, snapshots and the lines of the inversion."""

    engine: Engine
    gold: Gold
    tree: Mapping[str, Entry]
    sandbox: Sandbox
    shell: Shell
    snapshots: Snapshots
    last: Snapshot
    lines: list[Line] = field(default_factory=list)
    exports: dict[str, str] = field(default_factory=dict)
    umask: str = ""
    built: str = ""

    async def run(self, command: str, timeout: float = 60.0) -> Ended:
        cwd, exports, umask = self.shell.cwd, self.exports, self.umask
        ended = await self.shell.run(command, timeout)
        self.exports, self.umask = ended.exports, ended.umask
        taken = await self.snapshots.take(self.sandbox, Snapshot(self.gold.image), self.last)
        if taken:
            self.last = taken
            line = Line(typed(command), cwd, exports, umask, ended.exit_code, ended.outcome)
            self.lines.append(line)
        return ended

    async def rebuild(self) -> None:
        """Build the inversion and see that it left the files that the session left."""
        text = dockerfile(self.gold.tag, self.lines)
        assert len(text.splitlines()[0].split()) == 2
        archive = tools.archive({"Dockerfile": text.encode()})
        self.built = await images.build(self.engine, archive, labels=labels("proof", ""))
        made = await difference(self.engine, self.built, self.gold.image, self.tree)
        assert _files(self.tree, made) == _files(self.tree, self.last.layer)

    async def content(self, path: str) -> bytes:
        async with await Sandbox.start(self.engine, self.built) as sandbox:
            return await sandbox.read_file(path)


def _files(tree: Mapping[str, Entry], layer: Layer) -> Layer:
    """What a layer changes of a tree, times aside."""
    changed = effective(tree, layer).items()
    return {path: entry and msgspec.structs.replace(entry, mtime=0) for path, entry in changed}


@pytest.fixture
async def session(engine: Engine, gold: Gold, gold_tree) -> AsyncIterator[Session]:
    async with await Sandbox.start(engine, gold.image) as sandbox:
        shell = Shell(sandbox, home="/app", cwd="/app")
        await shell.open()
        snapshots = Snapshots(engine, gold.image, gold_tree, reader(engine))
        await snapshots.begin(sandbox)
        session = Session(engine, gold, gold_tree, sandbox, shell, snapshots, Snapshot(gold.image))
        yield session
        await shell.close()
        if session.built:
            await images.remove(engine, session.built)


async def test_directory_exports_and_umask_are_carried_from_line_to_line(session: Session) -> None:
    await session.run("mkdir -p '/srv/a b/☃' && cd '/srv/a b/☃'")
    await session.run("export GREETING=$'it\\'s \"$HOME\" `id`\\n\\\\two  ' EMPTY= LANG=C")
    await session.run("umask 077")
    await session.run('echo "$PWD" >here; printf %s "$GREETING" >greeting; declare -p EMPTY LANG >declared')
    await session.run("cd /srv; unset GREETING; umask 0")
    await session.run('touch open; echo "<$GREETING>" >gone')
    assert len(session.lines) == 3
    await session.rebuild()
    assert await session.content("/srv/a b/☃/greeting") == b'it\'s "$HOME" `id`\n\\two  '


async def test_bash_is_the_shell_and_not_sh(session: Session) -> None:
    await session.run(
        "[[ abc == a* ]] && echo -e 'a\\tb' >x; printf '\\x41\\u2603' >y; echo {1..3} >z; a=(1); echo $a >n"
    )
    await session.rebuild()
    assert await session.content("/app/x") == b"a\tb\n"


async def test_heredocs_comments_variables_quotes_and_unicode(session: Session) -> None:
    await session.run(
        "cat >conf <<'EOF'\n# a comment\n[a]\nx = \"$HOME\" 'y' \\\n\n\ttab ☃ \U0001f40d \\n %s\nEOF"
    )
    await session.run("# only words")
    await session.run(
        "cat >expanded <<EOF\n$PWD $(echo sub) `echo tick`\n#x\nEOF\necho '# kept' >>expanded # a remark"
    )
    await session.run('for f in a b; do\n  # inside\n  echo "$f $((1+1))" >"$f \'q\' \\"d\\""\ndone')
    await session.run(
        "echo 'one\ntwo' >lines; echo \"back\\\\slash \\$HOME ${HOME}\" >>lines; echo a\\\\\nb >>lines"
    )
    await session.run("echo 'é\u00a0\u2028\u200b' >odd")
    assert len(session.lines) == 5
    await session.rebuild()
    assert b"# a comment" in await session.content("/app/conf")
    assert b"#x" in await session.content("/app/expanded")


@pytest.mark.parametrize(
    "command",
    [
        "echo x >made; false",
        "echo x >made; (exit 3)",
        "echo x >made; exit 3",
        "echo x >made; nosuchcommand",
        "echo x >made; exec false",
        "echo x >made; set -e; false; echo never >>made",
        "echo x >made; trap 'exit 7' EXIT; false",
        "echo x >made; kill -9 $$",
        "echo x >made; trap 'echo bye' EXIT; kill -TERM $$; exec nosuchcommand",
        "echo x >made\nif true; fi",
        "echo x >made; cat <nosuchfile",
        "rm -rv nosuchfile /etc/issue",
        "echo x >made; (echo ${nosuch:?gone})",
    ],
)
async def test_what_failed_in_the_session_fails_no_build(session: Session, command: str) -> None:
    ended = await session.run(command)
    assert ended.exit_code != 0
    assert (await session.run("echo after >after")).exit_code == 0
    await session.rebuild()


async def test_what_succeeded_must_succeed_in_the_build(session: Session) -> None:
    line = Line("rm /nosuchfile", "/")
    archive = tools.archive({"Dockerfile": dockerfile(session.gold.tag, [line]).encode()})
    with pytest.raises(images.BuildFailed):
        await images.build(session.engine, archive)


async def test_background_processes_end_with_their_line(session: Session) -> None:
    await session.run("echo x >made; sleep 300 & (setsid sleep 300 >/dev/null 2>&1 &)")
    await session.run("pgrep sleep | wc -l >running; nohup sleep 300 >/dev/null & disown")
    session.lines[1] = Line("echo 2 >running", "/app")
    async with asyncio.timeout(150):
        await session.rebuild()


async def test_a_command_that_timed_out_is_given_little_time_in_the_build(session: Session) -> None:
    ended = await session.run(
        "echo x >made; (trap '' TERM; setsid sleep 500 &); cat; echo never >never", timeout=1
    )
    assert ended.outcome == "timeout"
    await session.run("echo y >made2; sleep 1000", timeout=1)
    ended = await session.run("echo z >made3; read line; echo 'open", timeout=1)
    assert ended.outcome != "done"
    await session.run("echo w >made4; read line; echo $line >made5", timeout=20)
    async with asyncio.timeout(150):
        await session.rebuild()


async def test_lines_beyond_what_builder_and_kernel_take(session: Session) -> None:
    text = "".join(f"line {n} 'quoted' \"double\" $HOME \\ # ☃\n" for n in range(5000))
    await session.run(f"cat >big <<'EOF'\n{text}EOF\nmkdir sub")
    await session.run("cd sub; export A=1")
    await session.run(f"echo $A {'x' * 70_000} >flat; (exit 4)")
    assert max(map(len, dockerfile("x", session.lines).splitlines())) < 65_535
    await session.rebuild()
    assert (await session.content("/app/big")).decode() == text


async def test_shell_and_loader_may_be_broken_by_the_last_line(session: Session) -> None:
    await session.run("echo x >made")
    await session.run("rm /bin/sh /usr/bin/timeout; truncate -s 1000 /lib/x86_64-linux-gnu/libc.so.6")
    await session.rebuild()


async def test_the_build_leaves_settings_as_gold_has_them(session: Session) -> None:
    await session.run("echo x >made; python3 -c 'import tiny'; pip --version >/dev/null")
    await session.rebuild()
    was, now = (
        await images.inspect(session.engine, session.gold.image),
        await images.inspect(session.engine, session.built),
    )
    assert was
    assert now
    for name in ("Env", "Cmd", "Entrypoint", "WorkingDir", "User", "Volumes", "ExposedPorts"):
        assert (was["Config"].get(name) or None) == (now["Config"].get(name) or None), name


async def test_what_a_container_only_borrows_is_no_line(session: Session) -> None:
    await session.run(
        "echo 1.2.3.4 x >>/etc/hosts; echo x >/dev/x; echo y >/dev/shm/y; echo z >/etc/resolv.conf"
    )
    await session.run("alias ls=false; ulimit -n 99; shopt -s nullglob; f() { :; }; X=1; cd /tmp")
    await session.run("ls; cat /etc/passwd; find / -xdev >/dev/null")
    assert session.lines == []


async def test_the_rebuilt_image_breaks_the_same_tests(session: Session) -> None:
    await session.run("sed -i s/7/8/ tiny/settings.ini")
    await session.run("sed -i 's/2 /3 /' tiny/__init__.py")
    await session.rebuild()
    suite = Suite(session.engine, session.gold.test)
    there, here = await suite.run(session.last.image), await suite.run(session.built)
    assert there.broken(session.gold.baseline) == here.broken(session.gold.baseline)
    assert here.broken(session.gold.baseline) == {
        "tests/test_files.py::test_settings",
        "tests/test_numbers.py::test_double[1]",
        "tests/test_numbers.py::test_double[a b]",
    }


async def test_files_that_tests_write_are_in_no_line(session: Session) -> None:
    await Suite(session.engine, session.gold.test).run(session.gold.image)
    await session.run("true")
    assert session.lines == []
