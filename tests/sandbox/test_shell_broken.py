"""What is left of a shell when a command damages the shell, the system around it, or the container."""

from __future__ import annotations

import asyncio
import time

import pytest

from engine.sandbox import tools
from engine.sandbox.control import SandboxLost
from engine.sandbox.sandbox import Sandbox
from engine.sandbox.shell import Shell

pytestmark = pytest.mark.docker


async def answers(shell: Shell) -> None:
    """The shell runs builtins, whatever it is by now."""
    ended = await shell.run("echo al''ive; cd /dev", timeout=30)
    assert ended.outcome == "done"
    assert b"alive\r\n" in ended.output
    assert ended.cwd == "/dev"


@pytest.mark.parametrize("command", ["exit 3", "kill -9 $$", "exec true", "set -e; false"])
async def test_a_command_that_ends_the_shell_is_told_and_a_new_one_comes(
    shell: Shell, seen, command: str
) -> None:
    ended = await shell.run(command)
    assert (ended.outcome, ended.exit_code, ended.cwd) == ("lost", None, "/root")
    assert [program for _, program in seen.lost] == ["/bin/bash"]
    await answers(shell)
    assert len(seen.lost) == 1


async def test_a_shell_that_dies_between_commands_is_replaced_by_the_next(
    shell: Shell, sandbox, seen
) -> None:
    assert shell.prompt is not None
    await sandbox.exec(["/bin/sh", "-c", f"kill -9 {shell.prompt.pid}"])
    assert await shell._until(lambda: shell._eof, 60)
    await answers(shell)
    assert len(seen.lost) == 1


async def test_kill_all_spares_the_sandbox(shell: Shell, sandbox: Sandbox) -> None:
    await shell.run("sleep 1000 &")
    await shell.run("kill -9 -1")
    await shell.run("true", timeout=10)  # what still ends may take this one along
    await answers(shell)
    assert len((await sandbox.processes()).split()) == 1
    for signal in ("TERM", "HUP", "INT", "KILL"):
        await shell.run(f"/bin/kill -{signal} 1; /bin/kill -{signal} -1", timeout=5)
        await shell.run("true", timeout=10)
        await answers(shell)


async def test_a_container_that_is_still_ending_is_started_again_after_its_end(
    shell: Shell, sandbox: Sandbox
) -> None:
    if not sandbox.shared:
        pytest.skip("a container with a PID 1 of its own is gone with it")
    for _ in range(4):
        before = (await sandbox._container.show())["State"]["StartedAt"]
        await sandbox.ask("reap")
        await sandbox.revive()
        assert (await sandbox._container.show())["State"]["StartedAt"] > before
        await shell.open()
        await answers(shell)
        assert len((await sandbox.processes()).split()) == 1


@pytest.mark.parametrize(
    "command",
    [
        "exec >/dev/null 2>&1",
        "PS1='$ '",
        "PS1= PS2= PS4=",
        "PROMPT_COMMAND='echo mine'",
        "unset PROMPT_COMMAND",
        "unset -f __cligym_prompt",
        "stty raw -echo",
        "trap '' INT",
        "set -euo pipefail",
        "set -x",
        "set -n",
        "exec 0</dev/null",
        "exec 1>&- 2>&-",
        "enable -n echo printf umask export",
        "LANG=nonsense LC_ALL=POSIX",
        "ulimit -n 3",
        "ulimit -u 1",
        "PATH=",
        "shopt -s extdebug; trap 'false' DEBUG",
        "printf() { return 1; }; umask() { exit 9; }",
        "alias printf=false export=false umask=false",
        "readonly rc=5",
        "IFS=0123456789",
        "cd /tmp && mkdir gone && cd gone && rmdir ../gone",
    ],
)
async def test_a_shell_whose_settings_are_damaged_answers_again(shell: Shell, command: str) -> None:
    ended = await shell.run(command, timeout=10)
    assert ended.seconds < 30
    ended = await shell.run("true", timeout=10)
    ended = await shell.run("cd /dev; (exit 5)", timeout=10)
    if ended.outcome != "done" or ended.exit_code != 5:  # that command ended what was left of it
        ended = await shell.run("cd /dev; (exit 5)", timeout=10)
    assert (ended.outcome, ended.exit_code, ended.cwd) == ("done", 5, "/dev")


@pytest.mark.parametrize("program", ["bash --norc", "python3 -q", "sh", "cat", "su - nobody -s /bin/sh"])
async def test_a_program_left_open_is_ended_by_the_timeout(
    shell: Shell, sandbox: Sandbox, program: str
) -> None:
    ended = await shell.run(program, timeout=1)
    assert ended.outcome == "timeout"
    assert len((await sandbox.processes()).split()) == 1
    await answers(shell)


@pytest.mark.parametrize(
    "command",
    [
        "rm /bin/bash",
        "rm /bin/sh /bin/dash",
        "rm /bin/sh /bin/bash /bin/dash",
        "rm /lib64/ld-linux-x86-64.so.2",
        "rm /lib64",
        "truncate -s 1000 /lib/x86_64-linux-gnu/libc.so.6",
        "mv /lib/x86_64-linux-gnu/libc.so.6 /tmp/x; truncate -s 9 /tmp/x",
        "echo /nonexistent.so >/etc/ld.so.preload; echo garbage >/lib/x86_64-linux-gnu/libtinfo.so.6",
        "chmod 000 /usr/bin",
        "chmod -R 000 /usr/bin /usr/sbin",
        "rm /dev/null; touch /dev/null; chmod 600 /dev/null",
        "rm -rf /root /tmp",
        "rm /etc/passwd /etc/group /etc/nsswitch.conf",
        "rm -f /dev/tty /dev/ptmx",
    ],
)
async def test_what_the_image_loses_the_shell_outlives(shell: Shell, sandbox: Sandbox, command: str) -> None:
    await shell.run(command, timeout=20)
    await answers(shell)
    await shell.run("exit")
    await answers(shell)
    # What a repair would need is there as well, by one shell or the other.
    ended = await shell.run(f"{tools.BUSYBOX} ls / | {tools.BUSYBOX} grep -c .")
    assert ended.exit_code == 0
    await sandbox.remove()


async def test_everything_removed(shell: Shell, sandbox: Sandbox, seen) -> None:
    ended = await shell.run("rm -rf / --no-preserve-root", timeout=60)
    assert ended.outcome in ("done", "lost")
    await answers(shell)
    await shell.run("exit")
    await answers(shell)
    assert seen.lost[-1][1] == tools.BUSYBOX
    ended = await shell.run("ls /usr /etc | wc -l")
    assert ended.exit_code == 0


async def test_the_stand_in_reports_as_the_shell_does(shell: Shell, sandbox: Sandbox) -> None:
    await shell.run("mkdir '/tmp/a b'; rm /bin/bash; exit")
    assert shell.program == tools.BUSYBOX
    ended = await shell.run("export A='it'\\''s' B=2; umask 077; cd '/tmp/a b'; (exit 4)")
    assert (ended.outcome, ended.exit_code, ended.cwd, ended.umask) == ("done", 4, "/tmp/a b", "0077")
    assert ended.exports == {"A": "it's", "B": "2"}
    ended = await shell.run("for i in 1 2; do\n\techo n$i\ndone")
    assert (ended.outcome, ended.exit_code) == ("done", 0)
    assert b"n1\r\nn2\r\n" in ended.output
    assert (await shell.run("echo 'open", timeout=60)).outcome == "incomplete"
    assert (await shell.run("sleep 100", timeout=1)).outcome == "timeout"
    assert (await shell.run("cat <<'EOF' >/tmp/h\na\t$b\nEOF")).exit_code == 0
    assert await sandbox.read_file("/tmp/h") == b"a\t$b\n"
    assert b"50001\r\n" in (await shell.run(f"echo {'x' * 50000} | wc -c")).output
    assert (await shell.run("printf '%s' 'a\tb' >/tmp/h; (exit 6)")).exit_code == 6
    assert await sandbox.read_file("/tmp/h") == b"a\tb"


async def test_a_fork_bomb_is_ended(shell: Shell, sandbox: Sandbox) -> None:
    began = time.monotonic()
    await shell.run(":(){ :|:& };:", timeout=3)
    # While it still grows, commands run beside it: they are over sooner than it is a swarm.
    while time.monotonic() - began < 120:
        await shell.run("true", timeout=3)
        if len((await sandbox.processes()).split()) == 1:
            break
    await answers(shell)
    assert len((await sandbox.processes()).split()) == 1


async def test_a_memory_hog_is_killed_alone(shell: Shell) -> None:
    ended = await shell.run("python3 -c 'x = bytearray(10**9)'", timeout=60)
    assert (ended.outcome, ended.exit_code) == ("done", 137)
    ended = await shell.run("x=$(head -c 1000000000 /dev/zero | tr '\\0' x)", timeout=60)
    assert ended.outcome in ("done", "lost")
    await answers(shell)


async def test_the_tools_can_be_neither_removed_nor_written(shell: Shell) -> None:
    for attempt in (
        f"rm -rf {tools.MOUNT}",
        f"rm -f {tools.BUSYBOX}",
        f"echo x >{tools.MOUNT}/init",
        f"umount {tools.MOUNT}",
        f"mount -o remount,rw {tools.MOUNT}",
        f"mv {tools.MOUNT} /dev/elsewhere",
        f"chmod 000 {tools.BUSYBOX}",
    ):
        assert (await shell.run(attempt)).exit_code != 0, attempt
    assert (await shell.run(f"{tools.BUSYBOX} true")).exit_code == 0


async def test_a_container_removed_from_outside_is_lost_at_once(shell: Shell, sandbox: Sandbox) -> None:
    running = asyncio.create_task(shell.run("sleep 1000", timeout=500))
    await asyncio.sleep(0.5)
    await sandbox.engine.docker.containers.container(sandbox.id).delete(force=True)
    began = time.monotonic()

    async def ended() -> None:
        # The hangup of the terminal may end the command just before the shell itself is ended.
        await running
        await shell.run("true")

    with pytest.raises(SandboxLost):
        await ended()
    assert time.monotonic() - began < 30
    for attempt in (
        lambda: shell.run("true"),
        lambda: sandbox.ask("list"),
        lambda: shell.type(b"x"),
        lambda: shell.open(),
        lambda: sandbox.exec(["true"]),
        lambda: sandbox.commit(),
        lambda: sandbox.get("/etc/passwd"),
    ):
        with pytest.raises(SandboxLost):
            await attempt()
    await shell.resize(10, 10)
    await sandbox.remove()
    await sandbox.remove()


async def test_a_container_killed_between_commands(shell: Shell, sandbox: Sandbox, seen) -> None:
    await shell.run("echo kept >/etc/motd")
    await sandbox.engine.docker.containers.container(sandbox.id).kill()
    if not sandbox.shared:
        with pytest.raises(SandboxLost):
            await shell.run("true")
        return
    await answers(shell)
    assert await sandbox.read_file("/etc/motd") == b"kept\n"
    assert seen.lost[-1][1] == "/bin/bash"


async def test_a_joined_sandbox_whose_shell_is_damaged_comes_back_after_all_was_ended(
    shell: Shell, sandbox: Sandbox, seen
) -> None:
    if not sandbox.shared:
        pytest.skip("its PID 1 cannot be ended")
    await shell.run("rm /bin/bash; kill -9 -1")
    await answers(shell)
    assert seen.lost[-1][1] == tools.BUSYBOX
    await shell.run("kill -9 -1")
    await answers(shell)


async def test_a_shell_whose_terminal_never_says_that_it_is_gone(shell: Shell, sandbox: Sandbox) -> None:
    await shell.run("rm /bin/bash; exit")
    assert shell.prompt is not None
    assert shell._reader is not None
    shell._reader.cancel()  # as if the stream stayed open
    await sandbox.exec([tools.BUSYBOX, "kill", "-9", str(shell.prompt.pid)])
    began = time.monotonic()
    assert (await shell.run("true", timeout=30)).outcome == "lost"
    assert time.monotonic() - began < 25
    await answers(shell)


async def test_the_end_of_the_holder_is_the_end_of_all(shell: Shell, sandbox: Sandbox) -> None:
    await sandbox.control.hang_up()
    with pytest.raises(SandboxLost):
        await shell.run("true")
