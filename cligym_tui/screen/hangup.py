"""The end of a terminal: a closed one reads as empty for ever, and whoever draws on it waits for ever."""

from __future__ import annotations

import os
import select
import signal
import threading


def watch(fd: int = 0) -> None:
    """Have this process hung up when the other end of its terminal is closed.

    The kernel does that for the terminal a process is controlled by, and for no other: a recorder's or a
    supervisor's would leave it spinning. In a thread, since the loop that draws may be what is stuck.
    """
    threading.Thread(target=_wait, args=(fd,), name="hang-up", daemon=True).start()


def _wait(fd: int) -> None:
    poll = select.poll()
    poll.register(fd, 0)  # hang-ups and errors are told whatever is asked for
    while not any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll()):
        pass
    os.kill(os.getpid(), signal.SIGHUP)
