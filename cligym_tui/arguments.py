"""The command line: its grammar, its help, and what is wrong with a call, in one line."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from cligym_tui import model_arguments, output
from cligym_tui.option_types import Number, filled, minutes, place, share, speed, whole
from engine.errors import UsageError

AGENTS = ("saboteur", "claude")
"""Who can break an environment."""
SOLVERS = ("claude", "operator", "oracle", "baseline")
"""Who can repair one."""

HELP = """\
usage: cligym-tui [COMMAND ...]    (none: the screen; COMMAND --help says more)
       cligym-tui --auto GOLD [options], or --version
Breaks healthy software environments, and proves the repair tasks it makes so.

  gold build SOURCE   make a gold environment of a directory or of name==version
  open GOLD           the screen, on a new session (resume: an interrupted one)
  sessions            list what was explored (replay, export, trajectories)
  task check DIR      prove an exported task again (also: list OUT, show DIR)
  repair TASK...      let a solver try tasks (report OUT: a page to look at)
  doctor, gc, config  check this machine, sweep, settings; completion
  --auto GOLD         break it, write --tasks N proven tasks (default 1), with
    --agent NAME        saboteur, which needs no key (the default), or claude
    --model M           whom claude asks; --fallback-model M, where it declines
    --batch             what it writes in tasks comes later, at half the price
    --max-minutes M     stop after so long; after --max-usd X dollars,
                        --max-tokens N tokens, or --max-steps N commands
    --seed S            same seed, same gold, same session (default 0)
    --workers W         attempts at a time (default 1)
    --out DIR           where tasks go; a run resumes there (default tasks)
    --self-contained    tasks that need no gold image, only what it is made from
    --reject-trivial    no tasks that are solved by repairs without a look
    --format FORMAT     text or jsonl (default text)
exit codes: 0 goal reached  1 ran, goal not reached  2 usage or configuration
            3 Docker  4 model  5 limit reached  130 interrupted
"""


def agent(text: str) -> str:
    """The type of `--agent`."""
    if text not in AGENTS:
        raise argparse.ArgumentTypeError(f"unknown agent {text[:40]!r}; there is {', '.join(AGENTS)}")
    return text


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is a `UsageError` for the one place that reports them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print and exit with."""
        raise UsageError(message, f"see `{self.prog} --help`")

    def print_help(self, file: Any = None) -> None:
        """Help that was asked for is data."""
        output.text(self.format_help().rstrip("\n"))


class _Main(Parser):
    def format_help(self) -> str:
        """The page above, written by hand: it fits a terminal of 80 by 24."""
        return HELP


_AUTO: dict[str, tuple[Number, Any]] = {
    "tasks": (whole(1, 100_000), 1),
    "agent": (agent, "saboteur"),
    "seed": (whole(0, 2**63 - 1), 0),
    "workers": (whole(1, 256), 1),
    "max_minutes": (minutes, None),
    "out": (filled, "tasks"),
    "format": (str, "text"),
    **{name: (kind, None) for name, (kind, _) in model_arguments.OPTIONS.items()},
}
"""Options of `--auto`, with what is taken when they are not given."""
FLAGS = ("self_contained", "reject_trivial", "batch")
"""Those that take no value."""
_SHARED = {
    "open": {"agent", "out", *model_arguments.OPTIONS},
    "resume": {"out", *model_arguments.OPTIONS},
    "repair": {*model_arguments.OPTIONS} - {"max_steps"},
}
"""Options of `--auto` that mean the same to a command, and may be given before its name."""


def parser() -> Parser:
    """The whole grammar."""
    main = _Main(prog="cligym-tui")
    main.add_argument("--version", action="store_true")
    main.add_argument("--auto", metavar="GOLD", type=filled)
    for name, (kind, _) in _AUTO.items():
        choices = ("text", "jsonl") if name == "format" else None
        main.add_argument(f"--{name.replace('_', '-')}", dest=name, type=kind, choices=choices)
    for name in FLAGS:
        main.add_argument(f"--{name.replace('_', '-')}", action="store_true")
    commands = main.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    _gold(commands)
    _open(commands)
    _resume(commands)
    _with_json(commands, "sessions", "List what was explored, newest first.")
    _replay(commands)
    _export(commands)
    _trajectories(commands)
    _task(commands)
    _repair(commands)
    report = commands.add_parser("report", description=(told := _REPORT), help=told)
    report.add_argument("directory", metavar="OUT", type=place, help="what was given with --out")
    _with_json(
        commands,
        "doctor",
        "Check this machine and say what to do. Exit code 3 when something must be mended.",
    )
    gc = _with_json(
        commands, "gc", "Remove containers, images, volumes and files that no living session owns."
    )
    gc.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    _config(commands)
    _completion(commands)
    return main


def _with_json(commands: Any, name: str, description: str) -> Parser:
    command: Parser = commands.add_parser(name, description=description, help=description)
    command.add_argument("--json", action="store_true", help="print JSON")
    return command


def _open(commands: Any) -> None:
    told = "Open the screen on a new session that breaks a gold environment; ? lists the keys."
    opened = commands.add_parser("open", description=told, help=told)
    opened.add_argument("gold", metavar="GOLD", type=filled, help="its name, as `gold list` shows it")
    opened.add_argument(
        "--mode",
        choices=("auto", "confirm", "manual"),
        default="confirm",
        help="what the operator decides: nothing, every command, everything (default confirm)",
    )
    opened.add_argument(
        "--agent",
        metavar="NAME",
        type=agent,
        default=argparse.SUPPRESS,
        help="saboteur (the default) or claude",
    )
    _out(opened)
    model_arguments.add(opened)


def _out(command: Parser) -> None:
    command.add_argument(
        "--out",
        metavar="DIR",
        type=filled,
        default=argparse.SUPPRESS,
        help="where committed tasks are written (default tasks, in the current directory)",
    )


def _resume(commands: Any) -> None:
    told = "Go on with a session whose screen was killed: every branch stands where it stood."
    resume = commands.add_parser("resume", description=told, help=told)
    resume.add_argument(
        "session", metavar="SESSION", type=filled, help="a session's id or the beginning of it"
    )
    _out(resume)
    model_arguments.add(resume)


def _replay(commands: Any) -> None:
    told = "Watch a recorded session; ? lists the keys. Needs no engine and no key."
    replay = commands.add_parser("replay", description=told, help=told)
    replay.add_argument(
        "session",
        metavar="SESSION|FILE|demo",
        type=place,
        help="a session's id or the beginning of it, a journal, or the one that comes with the program",
    )
    replay.add_argument(
        "--at", metavar="STEP", type=whole(0, 10**9), help="begin at this step (default: play from the start)"
    )
    replay.add_argument(
        "--speed", metavar="X", type=speed, default=1.0, help="seconds of the session in a second (default 1)"
    )


def _export(commands: Any) -> None:
    told = "Write a recorded session, or one of its branches, for other programs."
    export = commands.add_parser("export", description=told, help=told)
    export.add_argument(
        "session",
        metavar="SESSION|FILE|demo",
        type=place,
        help="a session's id or the beginning of it, a journal, or the one that comes with the program",
    )
    export.add_argument(
        "--format",
        dest="kind",
        required=True,
        choices=("cast", "svg", "dockerfile", "jsonl"),
        help="an asciicast, a picture of the terminal, what the branch changed, or the events",
    )
    export.add_argument(
        "--branch",
        metavar="B",
        type=filled,
        help="which (default: the last one that became a task, else the last; all of them for jsonl)",
    )
    export.add_argument(
        "--at",
        metavar="STEP",
        type=whole(0, 10**9),
        help="up to the end of this step of the branch (default: all of it)",
    )
    export.add_argument(
        "-o", metavar="FILE", dest="output", type=filled, help="where to (default: standard output)"
    )


def _repair(commands: Any) -> None:
    told = (
        "Let a solver repair exported tasks in fresh containers, offline, graded by their own graders. "
        "Exit code 0 when every task was solved at least once."
    )
    repair = _with_json(commands, "repair", told)
    repair.add_argument("directories", metavar="TASK", nargs="+", type=place, help="a task's directory")
    repair.add_argument(
        "--agent",
        dest="solver",
        choices=SOLVERS,
        required=True,
        help="a model, you on the screen, the task's own solution, or repairs that need no look",
    )
    repair.add_argument(
        "--attempts", metavar="K", type=whole(1, 1000), default=1, help="at each task (default 1)"
    )
    repair.add_argument(
        "--workers",
        dest="at_a_time",
        metavar="W",
        type=whole(1, 256),
        default=1,
        help="attempts at a time (default 1)",
    )
    repair.add_argument(
        "--hint",
        choices=("none", "weak", "strong"),
        default="none",
        help="how much the solver is told (default none)",
    )
    repair.add_argument(
        "--max-steps",
        dest="attempt_steps",
        metavar="N",
        type=whole(1, 10_000),
        default=100,
        help="of an attempt (default 100)",
    )
    model_arguments.add(repair, without="max_steps")


def _trajectories(commands: Any) -> None:
    told = "What agents did in recorded sessions, as conversations: to look at, and to train on."
    trajectories = commands.add_parser("trajectories", description=told, help=told)
    actions = trajectories.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    listing = _with_json(actions, "list", "List them, with reward, length and tags.")
    told = "Write them as a data set, with a card and a line of metadata for each."
    export = actions.add_parser("export", description=told, help=told)
    for each in (listing, export):
        each.add_argument(
            "sessions",
            metavar="SESSION|FILE",
            nargs="+",
            type=place,
            help="a session's id or the beginning of it, or a journal",
        )
        _curation(each)
    told = "Run the commands of solved repairs again in fresh containers, and have those graded."
    verify = _with_json(actions, "verify", f"{told} Exit code 0 only if all earn 1.")
    verify.add_argument(
        "sessions", metavar="SESSION", nargs="+", type=filled, help="a session's id or the beginning of it"
    )
    export.add_argument(
        "--format",
        dest="kind",
        required=True,
        choices=("atif", "trl", "sharegpt", "openai", "messages"),
        help="for Harbor, TRL, LLaMA-Factory, OpenAI's fine-tuning, or as the Messages API has it",
    )
    export.add_argument(
        "--out", dest="directory", metavar="DIR", required=True, type=place, help="a new directory"
    )
    export.add_argument(
        "--view",
        choices=("success", "all"),
        default="success",
        help="those that succeeded, or all that have a reward (default success)",
    )
    export.add_argument(
        "--split",
        metavar="SHARE",
        type=share,
        default=0.9,
        help="share to train on, above 0 to 1; no project is on both sides (default 0.9)",
    )
    export.add_argument("--pairs", action="store_true", help="also preference pairs, from forks")
    export.add_argument(
        "--keep-tagged", action="store_true", help="also those that curation says not to learn from"
    )


def _curation(command: Parser) -> None:
    group = command.add_argument_group("curation", "what is tagged as not to be learned from")
    group.add_argument(
        "--curate",
        choices=("default", "cligym", "none"),
        default="default",
        help="repairs of 5 to 100 steps, of 20 or more, or no tags at all (default default)",
    )
    group.add_argument("--verified", action="store_true", help="tag repairs not graded a second time")
    group.add_argument(
        "--benchmark",
        dest="benchmarks",
        metavar="FILE",
        action="append",
        default=[],
        type=filled,
        help="prompts not to be trained on, in whatever form; may be given again",
    )
    group.add_argument("--per-task", metavar="N", type=whole(1, 10**6), help="at most so many of a task")
    group.add_argument(
        "--per-project", metavar="N", type=whole(1, 10**6), help="at most so many of a project"
    )


_REPORT = "Write OUT/report.html and OUT/README.md: what became of the attempts, and what the tasks are."


def _task(commands: Any) -> None:
    task = commands.add_parser("task", description="Exported tasks, from their directories alone.")
    actions = task.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    check = _with_json(
        actions, "check", "Prove a task again, in either format. Exit code 0 only if every gate holds."
    )
    check.add_argument("directory", metavar="DIR", type=place, help="the task's directory")
    listing = _with_json(actions, "list", "List the tasks in an output directory, oldest first.")
    listing.add_argument("directory", metavar="OUT", type=place, help="what was given with --out")
    show = _with_json(actions, "show", "Show where a task comes from and what was proven.")
    show.add_argument("directory", metavar="DIR", type=place)


def _config(commands: Any) -> None:
    told = "The configuration of the screen: colours, keys, the bell."
    config = commands.add_parser("config", description=told, help=told)
    actions = config.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    told = "Print the files it is read from; they need not be there."
    actions.add_parser("path", description=told, help=told)
    _with_json(actions, "show", "Print what all of them come to.")
    told = "Write a file to begin with, in the user's configuration directory."
    actions.add_parser("init", description=told, help=told)


def _completion(commands: Any) -> None:
    told = "Print what completes calls in a shell, such as: source <(cligym-tui completion bash)"
    completion = commands.add_parser("completion", description=told, help=told)
    completion.add_argument("shell", choices=("bash", "zsh", "fish", "words"), metavar="bash|zsh|fish")
    completion.add_argument("words", nargs="*", help=argparse.SUPPRESS)


def _gold(commands: Any) -> None:
    gold = commands.add_parser(
        "gold", description="Gold environments: healthy images with an observed baseline."
    )
    actions = gold.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    build = _with_json(
        actions, "build", "Make a gold environment of a real project, and observe its tests three times."
    )
    build.add_argument(
        "source", metavar="SOURCE", type=filled, help="a directory, or name==version of a source distribution"
    )
    build.add_argument("--name", type=filled, help="what to call it (default: the project's name)")
    build.add_argument(
        "--recipe", metavar="FILE", type=filled, help="a gold.toml (default: the one in a directory SOURCE)"
    )
    build.add_argument(
        "--fresh", action="store_true", help="use nothing that earlier builds fetched and made"
    )
    _with_json(actions, "list", "List the gold environments.")
    show = _with_json(actions, "show", "Show one gold environment.")
    show.add_argument("name", metavar="NAME", type=filled)
    remove = actions.add_parser(
        "remove", description="Forget a gold environment and remove its image.", help="Forget one."
    )
    remove.add_argument("name", metavar="NAME", type=filled)


def parse(argv: list[str]) -> argparse.Namespace:
    """What was asked for, with `command` set: `auto`, `version`, a command's name, or None for nothing.

    Raises:
        UsageError: the call makes no sense.
        SystemExit: 0, after the help.
    """
    main = parser()
    asked, strange = main.parse_known_args(argv)
    if strange:
        # Which part of the grammar did not know them, argparse does not say; the command has its own page.
        whose = " ".join(filter(None, (main.prog, asked.command, getattr(asked, "action", None))))
        raise UsageError(f"unrecognized arguments: {' '.join(strange)[:200]}", f"see `{whose} --help`")
    given = [name for name in _AUTO if getattr(asked, name) is not None]
    given += [name for name in FLAGS if getattr(asked, name)]
    given = [name for name in given if name not in _SHARED.get(asked.command, ())]
    if asked.version:
        asked.command = "version"
    elif asked.auto is not None:
        if asked.command:
            main.error(f"--auto and {asked.command} are two commands")
        asked.command = "auto"
    elif given:
        before = f" before {asked.command}" if asked.command else ""
        main.error(f"--{given[0].replace('_', '-')}{before} belongs to --auto GOLD")
    for name, (_, default) in _AUTO.items():
        if getattr(asked, name) is None:
            setattr(asked, name, default)
    if asked.command == "auto":
        # Now, for a run that has begun ends with a result and no longer with a line.
        model_arguments.check(asked.agent, asked)
    return asked
