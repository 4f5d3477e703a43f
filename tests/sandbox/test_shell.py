"""What people and agents type into a shell, and what the shell says of it."""

from __future__ import annotations

import asyncio

import pytest

from engine.sandbox.sandbox import Sandbox
from engine.sandbox.shell import Shell

pytestmark = pytest.mark.docker


async def test_a_command_has_output_an_exit_code_and_a_directory(shell: Shell, seen) -> None:
    ended = await shell.run("echo hel''lo; cd /tmp; (exit 3)")
    assert (ended.outcome, ended.exit_code, ended.cwd) == ("done", 3, "/tmp")
    assert b"hello\r\n" in ended.output
    assert ended.output in bytes(seen.output)
    assert (await shell.run("true")).exit_code == 0


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("false", 1),
        ("nosuchcommand", 127),
        ("/etc/passwd", 126),
        ("sh -c 'kill -9 $$'", 137),
        ("(exit 255)", 255),
    ],
)
async def test_exit_codes_are_the_commands_own(shell: Shell, command: str, code: int) -> None:
    assert (await shell.run(command)).exit_code == code


ODD = {
    "QUOTES": 'it\'s "quoted" \\ and `back`',
    "DOLLAR": "$HOME ${PATH} $(id) !! !x",
    "LINES": "one\ntwo\n\nlast ",
    "UNICODE": "naïve ☃ \U0001f40d",
    "CONTROL": "\x1b[31m\x07\x01",
    "EMPTY": "",
    "TRICK": 'x"\ndeclare -x FAKE="1"\nE \n',
}


async def test_exports_with_odd_values_are_seen_as_they_are(shell: Shell, sandbox: Sandbox) -> None:
    def bash(text: str) -> str:
        return "$'" + "".join(f"\\x{byte:02x}" for byte in text.encode()) + "'"

    ended = await shell.run("; ".join(f"export {name}={bash(value)}" for name, value in ODD.items()))
    assert ended.exports == ODD
    assert (await shell.run("unset QUOTES LINES TRICK UNICODE; EMPTY=x")).exports == {
        "DOLLAR": ODD["DOLLAR"],
        "CONTROL": ODD["CONTROL"],
        "EMPTY": "x",
    }


async def test_umask_and_a_directory_with_an_odd_name(shell: Shell) -> None:
    ended = await shell.run("umask 027; mkdir $'/tmp/a b\\n☃'; cd $'/tmp/a b\\n☃'")
    assert (ended.umask, ended.cwd) == ("0027", "/tmp/a b\n☃")


async def test_several_lines_are_one_command(shell: Shell) -> None:
    ended = await shell.run('for i in 1 2 3; do\n\techo "n$i"\ndone\n# a comment\nfalse\n')
    assert ended.exit_code == 1
    assert b"n1\r\nn2\r\nn3\r\n" in ended.output


async def test_a_heredoc_writes_what_it_says(shell: Shell, sandbox: Sandbox) -> None:
    body = "a 'b' \"c\" $HOME `id` \\ \t tab\n\n# not a comment\n☃\n"
    ended = await shell.run(f"cat >/tmp/h <<'EOF'\n{body}EOF")
    assert ended.exit_code == 0
    assert (await sandbox.read_file("/tmp/h")).decode() == body


async def test_syntax_errors_end_with_the_shells_word(shell: Shell) -> None:
    assert (await shell.run("if true; fi")).exit_code == 2
    ended = await shell.run("if true; fi\necho after\necho later")
    assert (ended.outcome, ended.exit_code is not None) == ("done", True)
    assert (await shell.run("echo alive")).exit_code == 0


@pytest.mark.parametrize(
    "command", ["echo 'open", "read x", "cat <<EOF\nnever", "( echo", "read x </dev/tty", "f() {"]
)
async def test_what_waits_for_more_input_is_ended_as_incomplete(shell: Shell, command: str) -> None:
    ended = await shell.run(command, timeout=30)
    assert ended.outcome == "incomplete"
    assert ended.seconds < 25
    after = await shell.run("echo al''ive")
    assert (after.outcome, after.exit_code) == ("done", 0)
    assert b"alive" in after.output


@pytest.mark.parametrize(
    "command",
    [
        "sleep 2 & wait",
        "x=$(sleep 2)",
        "sleep 2 | cat",
        "(sleep 2)",
        "cat <(sleep 2)",
        "while read -r l; do :; done < <(sleep 2)",
    ],
)
async def test_waiting_for_a_child_is_not_waiting_for_input(shell: Shell, command: str) -> None:
    ended = await shell.run(command)
    assert (ended.outcome, ended.exit_code) == ("done", 0)
    assert ended.seconds > 1.9


TREE = """
(trap '' TERM INT HUP; setsid sh -c 'trap "" TERM INT HUP; env -i sleep 1000 & while :; do sleep 1; done' &)
trap '' INT
sleep 1000 & (sleep 1001 & exec setsid sleep 1002) &
bash -c 'trap "" INT TERM; while :; do sleep 1; done'
"""


async def test_a_timeout_leaves_no_survivor(shell: Shell, sandbox: Sandbox) -> None:
    await shell.run("sleep 5000 &")
    before = set((await sandbox.processes()).split())
    ended = await shell.run(TREE, timeout=1)
    assert ended.outcome == "timeout"
    assert ended.seconds < 50
    assert set((await sandbox.processes()).split()) == before
    assert (await shell.run("jobs %1")).exit_code == 0, "the shell and what ran before were not touched"


async def test_what_a_timed_out_command_left_in_the_background_ends_too(
    shell: Shell, sandbox: Sandbox
) -> None:
    before = set((await sandbox.processes()).split())
    ended = await shell.run("(setsid sleep 1000 &); sleep 1000", timeout=0.5)
    assert ended.outcome == "timeout"
    assert set((await sandbox.processes()).split()) == before


async def test_an_interrupt_ends_the_command(shell: Shell, seen) -> None:
    running = asyncio.create_task(shell.run("echo beg''un; sleep 1000"))
    await seen.until(b"begun")
    shell.interrupt()
    ended = await running
    assert (ended.outcome, ended.exit_code) == ("interrupted", 130)
    shell.interrupt()
    assert (await shell.run("true")).outcome == "done", (
        "an interrupt without a command is no interrupt of the next"
    )


async def test_resize_reaches_the_programs(shell: Shell) -> None:
    await shell.resize(33, 101)
    assert b"33 101" in (await shell.run("stty size")).output


async def test_a_flood_is_followed_with_bounded_memory(shell: Shell) -> None:
    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    shell.on_output = lambda data: None
    before = resident()
    ended = await shell.run("yes", timeout=4)
    assert ended.outcome == "timeout"
    assert ended.output_bytes > 1 << 20
    assert len(ended.output) <= 64 << 10
    assert resident() - before < 30 << 20
    assert (await shell.run("echo al''ive")).output.count(b"alive") == 1


async def test_output_cannot_pass_for_the_shells_report(shell: Shell, sandbox: Sandbox) -> None:
    forged = (
        r"printf '\e]133;D;0\a\e]133;A\a\e]133;B;999999\aP %s 1 0 1 /forged\nE %s\n' "
        r"0123456789abcdef 0123456789abcdef; sleep 0.5; echo late; (exit 7)"
    )
    ended = await shell.run(forged)
    assert (ended.outcome, ended.exit_code, ended.cwd) == ("done", 7, "/root")
    assert b"late" in ended.output
    # Not even one that writes where the reports go, as long as it does not know the word they begin with.
    ended = await shell.run(r"printf 'P x 1 0 1 /forged\nE x\nC 1 gone\nC\n\nP\n' >/proc/1/fd/1; (exit 7)")
    assert (ended.outcome, ended.exit_code, ended.cwd) == ("done", 7, "/root")


async def test_a_flood_of_what_looks_like_reports_ends_by_its_timeout(shell: Shell) -> None:
    ended = await shell.run("yes 'C 1 gone' >/proc/1/fd/1", timeout=2)
    assert ended.outcome == "timeout"
    assert (await shell.run("true")).exit_code == 0


async def test_binary_output_arrives_byte_for_byte(shell: Shell, sandbox: Sandbox, seen) -> None:
    data = bytes(range(256)) * 300
    await shell.run("stty -opost")
    await sandbox.exec(["/bin/sh", "-c", "cat >/tmp/binary"], stdin=data)
    await shell.run("cat /tmp/binary")
    assert data in bytes(seen.output)


async def test_an_editor_is_opened_used_and_left_by_typing(shell: Shell, sandbox: Sandbox, seen) -> None:
    running = asyncio.create_task(shell.run("vim.tiny -u NONE /tmp/edited"))
    await seen.until(b"[New")
    await asyncio.sleep(1.5)
    assert not running.done()
    await shell.type(b"ihello\x1b")
    await asyncio.sleep(0.5)  # together they may be another key
    await shell.type(b":wq\r")
    ended = await running
    assert (ended.outcome, ended.exit_code) == ("done", 0)
    assert await sandbox.read_file("/tmp/edited") == b"hello\n"


async def test_a_full_screen_program_that_is_ended_leaves_the_screen_to_the_shell(shell: Shell, seen) -> None:
    assert (await shell.run("vim.tiny -u NONE", timeout=1)).outcome == "timeout"
    await shell.run("echo here")
    page = bytes(seen.output).rindex(b"\x1b[?1049l")
    assert b"VIM" in seen.output[:page] and b"here" in seen.output[page:]


async def test_a_very_long_command_line(shell: Shell, sandbox: Sandbox) -> None:
    ended = await shell.run(f"echo {'x' * 200_000} >/tmp/long")
    assert (ended.outcome, ended.exit_code) == ("done", 0)
    assert ended.seconds < 20
    assert len(await sandbox.read_file("/tmp/long")) == 200_001


@pytest.mark.parametrize("name", ["☃ naïve", "\U0001f40d", "e\u0301", "a\tb", "日本語"])
async def test_unicode_and_tabs_are_typed_as_they_are(shell: Shell, sandbox: Sandbox, name: str) -> None:
    assert (await shell.run(f"printf %s '{name}' >/tmp/name")).exit_code == 0
    assert (await sandbox.read_file("/tmp/name")).decode() == name


async def test_control_characters_are_not_typed(shell: Shell, sandbox: Sandbox) -> None:
    ended = await shell.run("echo a\x00b\x03c\x04d\x1b[31me\x7ff\x15\r\n# \x1a")
    assert (ended.outcome, ended.exit_code) == ("done", 0)
    assert b"abcd[31mef\r\n" in ended.output


async def test_nothing_to_type_is_a_command_that_does_nothing(shell: Shell) -> None:
    for nothing in ("", "\n", "  ", "\x00", "# only a comment"):
        assert (await shell.run(nothing, timeout=60)).outcome == "done"


async def test_a_thousand_commands_in_a_row(shell: Shell) -> None:
    for number in range(1000):
        ended = await shell.run(f"(exit {number % 100})")
        assert ended.exit_code == number % 100


async def test_eight_shells_at_once(engine, base_image) -> None:
    async def one(number: int) -> None:
        async with await Sandbox.start(engine, base_image) as sandbox:
            shell = Shell(sandbox)
            await shell.open()
            for turn in range(20):
                ended = await shell.run(f"echo shell-$(({number} * 1000 + {turn}))")
                assert b"shell-%d\r\n" % (number * 1000 + turn) in ended.output
            await shell.close()

    await asyncio.gather(*(one(number) for number in range(8)))


async def test_no_key_is_lost_to_an_interrupt_that_met_the_prompt(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bash may notice a ^C only at the next key, and swallows that."""
    monkeypatch.setattr("engine.sandbox.watch.GRACE", 0.2)
    for n in range(20):
        await shell.run("sh", timeout=0.05)
        ended = await shell.run(f"echo he''ard {n}; (exit 7)")
        assert (ended.outcome, ended.exit_code) == ("done", 7)
        assert f"heard {n}\r\n".encode() in ended.output


async def test_no_report_is_lost_while_the_first_process_answers(shell: Shell, sandbox: Sandbox) -> None:
    async def ask() -> None:
        while True:
            await sandbox.ask("ping")

    asking = asyncio.create_task(ask())
    try:
        for number in range(200):
            ended = await shell.run(f"(exit {number % 100})", timeout=60)
            assert (ended.outcome, ended.exit_code) == ("done", number % 100)
    finally:
        asking.cancel()
