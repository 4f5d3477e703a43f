"""A branch's one live shell: interactive bash on a real terminal, replaced when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.sandbox import tools
from engine.sandbox.control import GONE, SandboxLost, hang_up
from engine.sandbox.records import Left, Prompt
from engine.sandbox.sandbox import Sandbox, Stopped, Tail
from engine.sandbox.terminal import ASH, BASH, Terminal, environment
from engine.sandbox.watch import DONE, INTERRUPTED, LOST, TIMEOUT, State, Watch

TAIL = 64 << 10
"""Bytes of a command's output kept for the agent."""

STAND_IN_LINE = 1000
"""Characters of a line the static ash takes; it cuts longer ones, and knows no pasting of several."""
STAND_IN_SCRIPT = "/dev/.cligym-command"
"""Where it reads such commands from instead; `/dev` is in no snapshot."""

REVIVALS = 3
"""Times a container is started in which everything was ended, before that counts as what it does."""

KNOCKS = 5
"""Empty lines typed, at most, to a shell that was interrupted, until one is answered."""
KNOCK = 0.5
"""Seconds each of them has."""

HUNG_UP = 129
"""Exit code of what SIGHUP ended."""

SHELLS_PAGE = b"\x1b[?1049l\x1b[!p"
"""Leaves the page of a full-screen program, as that does itself when it may."""

_MARK = re.compile(rb"\x1b\]133;B;(\d+)\x07")
_PAGE = re.compile(rb"\x1b\[\?(?:47|1047|1049)([hl])")
_NOT_TYPED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command typed into the shell ended."""

    outcome: str
    """`done`, `timeout`, `interrupted`, `incomplete` or `lost`."""
    exit_code: int | None
    cwd: str
    seconds: float
    exports: dict[str, str] = field(default_factory=dict)
    """Exported variables that differ from those the present shell began with."""
    umask: str = ""
    output: bytes = b""
    """The last bytes printed, prompt and echo included."""
    output_bytes: int = 0


@dataclass
class Shell:
    """One persistent bash in a sandbox. Commands go in as a person's typing would; output streams as it is.

    The end of a command, its exit code and the directory come from the shell's own report to PID 1, never
    from what is printed; when that fails to come, from the state of its process.
    """

    sandbox: Sandbox
    on_output: Callable[[bytes], None] = lambda data: None
    """Every byte the terminal prints, in order, as it comes. Must not block."""
    on_lost: Callable[[str, str], None] = lambda reason, program: None
    """Called with the reason and the new program when the shell was replaced."""
    home: str = "/"
    """Directory a new shell starts in, if it is there."""
    cwd: str = "/"
    size: tuple[int, int] = (40, 120)
    """Rows and columns."""
    program: str = ""
    prompt: Prompt | None = None
    """The last prompt of the present shell."""
    _terminal: Terminal | None = None
    _reader: asyncio.Task[None] | None = None
    _sizing: asyncio.Task[None] | None = None
    _prompts: list[Prompt] = field(default_factory=list)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _tail: Tail = field(default_factory=lambda: Tail(TAIL))
    _shown: int = -1
    """Number of the last prompt whose end mark was printed."""
    _scan: bytes = b""
    _away: bool = False
    """Whether a program has the whole screen, on a page of its own."""
    _eof: bool = False
    _first: Mapping[str, str] | None = None
    _keep: str = ""
    """What ran at the last prompt, as `end_all_but` takes it."""
    _looking: asyncio.Task[None] | None = None
    """Is finding that out."""
    _watch: Watch | None = None

    async def open(self) -> None:
        """Bring up bash, or the static ash when bash does not come to a prompt.

        Raises:
            SandboxLost: the container ended.
            EngineError: neither shell starts.
        """
        for _ in range(REVIVALS):
            try:
                if self.sandbox.stopped:
                    await self.sandbox.revive()
                if await self._start():
                    return
                # `rm -rf /dev` takes the terminals' multiplexer along, and then no exec gets a terminal.
                await self.sandbox.exec([tools.BUSYBOX, "ln", "-sfn", "pts/ptmx", "/dev/ptmx"])
                if await self._start():
                    return
            except Stopped:
                await self.sandbox.revive()
        raise EngineError("no shell starts in the sandbox")

    async def _start(self) -> bool:
        for program, patience in ((BASH, 5.0), (ASH, 10.0)):
            await self._hang_up()
            self._eof, self._shown, self._prompts, self._scan = False, -1, [], b""
            terminal = self.sandbox.take_terminal() if program is BASH else None
            try:
                if terminal is None:
                    variables = environment(program, self.sandbox.control.nonce, self.home)
                    terminal = await self.sandbox.open_terminal(program, variables)
            except SandboxLost:
                raise
            except EngineError:
                continue
            self._terminal = terminal
            self.sandbox.listen(self._told)
            self._reader = asyncio.create_task(self._read(terminal), name=f"shell {self.sandbox.id[:12]}")
            # The engine answers only when the shell has started; meanwhile the shell is on its way.
            self._sizing = asyncio.create_task(terminal.resize(*self.size))
            if await self._until(lambda: bool(self._prompts) or self._eof, patience) and self._prompts:
                self.program, self.prompt = program[0], self._prompts[-1]
                self._first = self.prompt.exports
                self._look()
                await self._until(self._prompt_shown, 0.5)
                await self._sizing
                return True
        return False

    def _told(self, report: Prompt | Left) -> None:
        if isinstance(report, Prompt):
            self._prompts.append(report)
        elif self._terminal is None or self._terminal.own:
            self._eof = True
        self._moved.set()

    async def _read(self, terminal: Terminal) -> None:
        with contextlib.suppress(*GONE):
            while (message := await terminal.stream.read_out()) is not None:
                self._tail.add(message.data)
                self.on_output(message.data)
                if pages := _PAGE.findall(self._scan[-8:] + message.data):
                    self._away = pages[-1] == b"h"
                self._scan = (self._scan + message.data)[-4096:]
                if marks := list(_MARK.finditer(self._scan)):
                    self._shown = int(marks[-1][1])
                    self._scan = self._scan[marks[-1].end() :]
                    self._moved.set()
        if terminal is self._terminal:
            self._eof = True
            self.sandbox.stopped |= terminal.own
            self._moved.set()

    def _prompt_shown(self) -> bool:
        last = self._prompts[-1] if self._prompts else self.prompt
        return self._eof or last is None or self._shown >= last.number

    async def _until(self, seen: Callable[[], bool], timeout: float) -> bool:
        """Wait for `seen`, woken by every prompt, mark and end of stream; whether it came."""
        deadline = time.monotonic() + timeout
        while not seen():
            self._moved.clear()
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._moved.wait()
        return True

    async def run(self, command: str, timeout: float = 60.0) -> Ended:
        """Type a command and wait until it is over or was ended.

        After `timeout` seconds: ^C, then every process of this step is killed inside the container, then
        the shell itself. A shell that died or was killed is replaced; its variables and directory are lost.

        Raises:
            SandboxLost: the container ended.
        """
        began = time.monotonic()
        await self._looked()
        await self.stand()
        self._prompts, self._tail = [], Tail(TAIL)
        watch = self._watch = Watch(began, timeout)
        await self._enter(command)
        try:
            outcome = await self._follow(watch)
        finally:
            self._watch = None
        if outcome == DONE and watch.steps:
            await self._knock()
        elif outcome == DONE and "\n" in command:
            await self._settle()
        if outcome == DONE and self._prompts[-1].exit_code == HUNG_UP and await self._orphaned():
            outcome = LOST
        if outcome == LOST:
            await self._replace("the command ended the shell")
        elif outcome == "replaced":
            await self._replace("the shell did not come back")
        else:
            self.prompt = self._prompts[-1]
            self.cwd = self.prompt.cwd
            if watch.outcome in (TIMEOUT, INTERRUPTED):
                await self._clear(ended=True)
            else:
                self._look()
            await self._until(self._prompt_shown, 0.2)
        seconds = time.monotonic() - began
        if outcome in (LOST, "replaced"):
            shown = LOST if outcome == LOST else watch.outcome
            return Ended(shown, None, self.cwd, seconds, {}, "", self._tail.bytes(), self._tail.total)
        assert self.prompt is not None
        return Ended(
            watch.outcome,
            self.prompt.exit_code,
            self.cwd,
            seconds,
            self.exported,
            self.prompt.umask,
            self._tail.bytes(),
            self._tail.total,
        )

    async def stand(self) -> None:
        """Replace a shell that has ended, as one does that is left by `exit` or ^D.

        Raises:
            SandboxLost: the container ended.
        """
        if self._terminal is None or self._eof or self.sandbox.stopped:
            await self._replace("the shell had ended")

    async def _enter(self, command: str) -> None:
        data = keystrokes(command)
        if self.program == tools.BUSYBOX and (b"\x1b" in data or len(data) > STAND_IN_LINE):
            text = typed(command).encode("utf-8", "surrogateescape")
            await self.sandbox.exec([tools.BUSYBOX, "sh", "-c", f"cat >{STAND_IN_SCRIPT}"], stdin=text)
            data = f". {STAND_IN_SCRIPT}\r".encode()
        await self.type(data)

    async def _follow(self, watch: Watch) -> str:
        """Wait for the end of what was typed: `done`, `lost` or `replaced`."""
        while True:
            now = time.monotonic()
            if await self._until(lambda: bool(self._prompts) or self._eof, watch.pause(now)):
                return DONE if self._prompts else LOST
            match watch.next(time.monotonic()):
                case "probe" if self.prompt is not None:
                    state = State.parse(await self.sandbox.ask("state", str(self.prompt.pid)))
                    if not state.alive and not self._prompts:
                        self._eof = True  # the engine does not always say so when the whole container ends
                    # Until a line's end is echoed, it sleeps for want of the keys, which are on their way:
                    # what was printed may be the last of the prompt.
                    elif b"\n" in self._tail.bytes():
                        watch.probed(state)
                case "interrupt":
                    await self.type(b"\x03")
                case "end":
                    await self.sandbox.end_all_but(self._keep)
                    await self.type(b"\x03")
                case "replace":
                    return "replaced"
                case _:
                    pass

    async def regain(self) -> bool:
        """Have the shell at an empty prompt again after a person typed into it.

        A line that was begun is given up, a program in the foreground ended the way a timeout ends one;
        whether there was none.

        Raises:
            SandboxLost: the container ended.
        """
        await self._looked()
        self._prompts = []
        watch = Watch(time.monotonic(), 0.0)
        outcome = LOST if self._eof else await self._follow(watch)
        if outcome != DONE:
            await self._replace("the shell ended under the operator's hands")
            return False
        await self._knock()
        await self._until(self._prompt_shown, 0.2)
        self.prompt = self._prompts[-1]
        self.cwd = self.prompt.cwd
        self._keep = await self.sandbox.processes()
        return watch.steps <= 1

    async def _orphaned(self) -> bool:
        # When a container is ended, its terminal hangs up just before the shell itself is killed.
        await self.sandbox.processes()
        return self.sandbox.stopped

    async def _come_back(self) -> None:
        """Show the shell's own page again: a program that was ended by force has left its."""
        if self._away:
            await self._until(self._prompt_shown, 0.2)
            self._away = False
            self.on_output(SHELLS_PAGE)

    async def _knock(self) -> None:
        await self._come_back()
        # A ^C that meets bash at its prompt may stay unnoticed there until the next key, and swallow that.
        # An empty line may be lost and changes no $?; its prompt says that what is typed next is not lost.
        for _ in range(KNOCKS):
            count = len(self._prompts)
            await self.type(b"\r")
            if await self._until(lambda: len(self._prompts) > count or self._eof, KNOCK):  # noqa: B023
                break
        await self._settle()

    async def _settle(self) -> None:
        # An error in the syntax of a typed block makes bash read the lines after it as commands of their
        # own, each with a prompt: the last of them counts, once the shell really waits for input.
        for _ in range(200):
            count = len(self._prompts)
            state = State.parse(await self.sandbox.ask("state", str(self._prompts[-1].pid)))
            if not state.alive or (state.reads_terminal and count == len(self._prompts)):
                return
            await self._until(lambda: len(self._prompts) > count or self._eof, 0.05)  # noqa: B023

    def _look(self) -> None:
        # Nobody needs it yet: the command's end is told half a millisecond earlier.
        self._looking = asyncio.create_task(self._clear(ended=False), name="what runs at the prompt")

    async def _looked(self) -> None:
        task, self._looking = self._looking, None
        if task is not None:
            await task

    async def _clear(self, *, ended: bool) -> None:
        """Note what runs beside the shell; end it first if its command was `ended`, or it is a swarm.

        A command that did not end by itself has nothing to go on with in the background; and one that left
        so many processes that no other could be started would be the end of the branch.
        """
        if ended:
            await self.sandbox.end_all_but(self._keep)
        now = await self.sandbox.processes()
        if len(now.split()) > self.sandbox.limits.pids // 2:
            await self.sandbox.end_all_but(" ".join(filter(self._is_shell, now.split())))
            now = await self.sandbox.processes()
        self._keep = now

    def _is_shell(self, process: str) -> bool:
        return self.prompt is not None and process.startswith(f"{self.prompt.pid}:")

    async def _replace(self, reason: str) -> None:
        if not self._eof and self.prompt is not None:
            spared = [process for process in self._keep.split() if not self._is_shell(process)]
            await self.sandbox.end_all_but(" ".join(spared))
        await self._come_back()
        await self.open()
        assert self.prompt is not None
        self.cwd = self.prompt.cwd
        self.on_lost(reason, self.program)

    async def busy(self) -> bool:
        """Whether something beside the shell itself was running at its last prompt.

        Raises:
            SandboxLost: the container ended.
        """
        await self._looked()
        return len(self._keep.split()) > 1

    @property
    def umask(self) -> str:
        """The shell's umask at its last prompt."""
        return self.prompt.umask if self.prompt else ""

    @property
    def exported(self) -> dict[str, str]:
        """Exported variables that differ from those the present shell began with."""
        now, first = (self.prompt.exports if self.prompt else {}), self._first or {}
        skip = {"PWD", "OLDPWD", "SHLVL", "_"}
        return {name: value for name, value in now.items() if name not in skip and first.get(name) != value}

    def interrupt(self) -> None:
        """End the running command the way a timeout does. Without one, nothing happens."""
        if self._watch is not None:
            self._watch.interrupt(time.monotonic())
            self._moved.set()

    async def type(self, data: bytes) -> None:
        """Bytes for the terminal, as a keyboard would send them.

        Raises:
            SandboxLost: the terminal is gone and so is the container.
        """
        if self._terminal is None and not self.sandbox.lost:
            raise EngineError("the shell is not open")
        try:
            assert self._terminal is not None
            await self._terminal.stream.write_in(data)
        except (RuntimeError, AssertionError, *GONE) as error:
            if self.sandbox.lost:
                raise SandboxLost(f"the sandbox {self.sandbox.id[:12]} ended") from error
            self._eof = True
            self._moved.set()

    async def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size; programs in it are told."""
        self.size = (rows, columns)
        if self._terminal is not None:
            await self._terminal.resize(rows, columns)

    async def _hang_up(self) -> None:
        terminal, self._terminal = self._terminal, None
        tasks = [task for task in (self._sizing, self._looking, self._reader) if task is not None]
        self._sizing = self._looking = self._reader = None
        try:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, SandboxLost):
                    await task  # raises what whoever takes the output in has raised
        finally:
            if terminal is not None:
                await hang_up(terminal.stream)

    async def close(self) -> None:
        """Let go of the terminal; the sandbox is not touched."""
        await self._hang_up()


def typed(command: str) -> str:
    """The part of a command that is typed: without control characters, on which a terminal would act."""
    return _NOT_TYPED.sub("", command.replace("\r\n", "\n")).strip("\n")


def keystrokes(command: str) -> bytes:
    """What to type for a command: one line as it is, several as one block pasted at once.

    A block goes into braces, so that the shell comes back to its prompt once and not after every line.
    """
    text = typed(command)
    data = text.encode("utf-8", "surrogateescape")
    if "\n" in text:
        data = b"{\n" + data + b"\n}"
    if b"\n" in data or b"\t" in data:
        return b"\x1b[200~" + data + b"\x1b[201~\r"
    return data + b"\r"
