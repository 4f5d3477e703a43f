"""When is a command over? Decided from prompts, process state and time; no I/O, so tested without any."""

from __future__ import annotations

from dataclasses import dataclass

PROBE_EVERY = 0.25
"""Seconds between looks at the shell's state once a command has not come back at once."""
IDLE_PROBES = 3
"""Looks in a row that must find the shell reading its terminal before it counts as waiting for input."""
GRACE = 2.0
"""Seconds a process has after each harder way of ending it."""

_TERMINAL_WAITS = ("wait_woken", "n_tty_read", "poll_schedule", "do_select", "do_poll")
"""Kernel functions in which a shell waits for its terminal; seen on 6.18, 6.1 and 5.15 call them the same."""

DONE, TIMEOUT, INTERRUPTED, INCOMPLETE, LOST = "done", "timeout", "interrupted", "incomplete", "lost"


@dataclass(frozen=True, slots=True)
class State:
    """The shell process as /proc shows it."""

    alive: bool
    run: str = ""
    """One letter: R, S, D, T, Z."""
    group: str = ""
    foreground: str = ""
    """The terminal's foreground process group."""
    waits: str = ""
    """Kernel function it sleeps in."""

    @classmethod
    def parse(cls, answer: str) -> State:
        """From PID 1's answer to `state`."""
        words = answer.split()
        return cls(False) if len(words) != 4 else cls(True, *words)

    @property
    def reads_terminal(self) -> bool:
        """The shell itself sleeps on input: at a prompt, in an open quote, or in `read`.

        One that waits for children sleeps in `do_wait`, for a substitution in a pipe; while a command runs
        it is not the foreground. Where the kernel does not tell, nothing counts as reading.
        """
        return (
            self.run == "S"
            and self.group == self.foreground
            and any(name in self.waits for name in _TERMINAL_WAITS)
        )


@dataclass(slots=True)
class Watch:
    """The course of one command: what to do next, given what has been seen.

    `next(now)` says `wait`, `probe`, `interrupt` (type ^C), `end` (kill the step's processes) or `replace`
    (kill the shell and bring up another).
    """

    started: float
    timeout: float
    outcome: str = DONE
    _idle: int = 0
    _escalated: int = 0
    _next_probe: float = 0.0
    _deadline: float = 0.0

    def __post_init__(self) -> None:
        self._next_probe = self.started + PROBE_EVERY
        self._deadline = self.started + self.timeout

    def probed(self, state: State) -> None:
        """Take in one look at the shell."""
        self._idle = self._idle + 1 if state.alive and state.reads_terminal else 0

    def interrupt(self, now: float) -> None:
        """The operator wants it to end: escalate from now on."""
        if self._escalated == 0:
            self.outcome = INTERRUPTED
            self._deadline = now

    def next(self, now: float) -> str:
        """What to do at `now`."""
        if self._escalated == 0 and self._idle >= IDLE_PROBES:
            self.outcome = INCOMPLETE
            return self._escalate(now)
        if now >= self._deadline:
            if self._escalated == 0 and self.outcome == DONE:
                self.outcome = TIMEOUT
            return self._escalate(now)
        if now >= self._next_probe:
            self._next_probe = now + PROBE_EVERY
            return "probe"
        return "wait"

    def _escalate(self, now: float) -> str:
        self._escalated += 1
        self._deadline = now + GRACE
        return ("interrupt", "end", "replace")[min(self._escalated, 3) - 1]

    @property
    def steps(self) -> int:
        """How hard it had to try to end the command."""
        return self._escalated

    def pause(self, now: float) -> float:
        """Seconds until `next` has something new to say."""
        return max(0.0, min(self._next_probe, self._deadline) - now)
