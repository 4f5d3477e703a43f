"""A real shell in a branch's container, by the `docker` command."""

from __future__ import annotations

import os
import subprocess


def attach(container: str) -> str:
    """Run it until it ends; what `docker` said where there was none, else nothing.

    Raises:
        UsageError: it cannot be told any more where the engine is.
        FileNotFoundError: there is no `docker` command.
    """
    from engine.sandbox.client import resolve

    # On a terminal, all that the shell prints comes by standard output. Its exit code is the operator's own.
    done = subprocess.run(
        ["docker", "exec", "-it", container, "/bin/bash", "-l"],
        env={**os.environ, **resolve().variables},
        stderr=subprocess.PIPE,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1] if done.returncode and said else ""
