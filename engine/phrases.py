"""Wordings of the instruction's parts; every part says the same whichever is picked.

Fields: `project` (name and version), `failing` and `total` (tests), `run` (the test command), `who` (its
user).
"""

from __future__ import annotations

OPENINGS = (
    "The tests of {project} used to pass on this machine, and now they do not. The code is the same"
    " as before, so I suspect the machine itself.",
    "I could use a hand with a development container for {project}. It was fine the last time I "
    "used it; today the test suite is red although nobody touched the code.",
    "Something is wrong with the environment we test {project} in. The same checkout is green elsewhere.",
    "Our checks for {project} went red without any commit in between. I have run them several "
    "times, with the same result each time.",
    "I was given this container to work on {project}, and I was told that all its tests pass. They do not.",
    "Please look into this broken setup of {project}. The project is an untouched release, so the "
    "fault has to be somewhere around it.",
    "Hello! Before I can start on {project} I need its tests to pass here, as they did until "
    "recently. I did not find out what is different now.",
    "We cannot release {project} at the moment: its test environment is damaged in some way, and I "
    "am out of ideas.",
)

RUNNING = (
    "The project is in `/app`. The tests are run from there by {who}, in a login shell, with {run};"
    " offline, so no test needs the internet.",
    "You will find the sources in `/app`. To see it for yourself, become {who} with a login shell, "
    "go there and run {run}.",
    "Everything is in `/app`. What I do is open a login shell as {who}, change to that directory "
    "and type {run}.",
    "For the record, the suite runs in `/app` with {run}, as {who} and with what a login shell sets up.",
)

SYMPTOMS = {
    "failing": (
        "At the moment I get {failing} of {total} broken. This is part of it:",
        "I have lost {failing} out of {total}. Some of the output:",
        "The suite has {total} tests; broken now: {failing}. For example:",
        "The run ends with {failing} broken ({total} in all):",
    ),
    "collection": (
        "The run stops before a single test is executed, which costs me {failing} of {total}:",
        "It does not get as far as running the tests; collecting them fails, so I miss {failing} of {total}:",
        "Nothing is run at all, because the test files cannot be loaded (missing: {failing} of {total}):",
    ),
    "unloadable": (
        "Some test files cannot even be loaded any more, which costs me {failing} of {total}:",
        "Collecting the tests ends with errors, so {failing} of {total} are not run at all:",
        "What can be loaded passes. But {failing} of {total} are missing, because of this:",
    ),
    "vanished": (
        "Nothing is reported as failed, but {failing} of {total} are not run at all any more:",
        "What is run passes. Only that {failing} of {total} do not turn up in it:",
    ),
    "unstartable": (
        "The test run does not even start. All I see is this:",
        "I cannot get the suite to start at all:",
        "Instead of running {total} tests it ends at once:",
    ),
    "died": (
        "The run starts and then dies before it is through, which leaves {failing} of {total} without a pass."
        " The last lines:",
        "Somewhere on the way the whole test process goes down, and I have lost {failing} of {total}:",
    ),
    "timeout": (
        "The run never comes to an end; when I gave up, {failing} of {total} had not passed. The last lines:",
        "It hangs, and I have to stop it with {failing} of {total} not passed. This is how far it gets:",
    ),
}
"""By how the broken run went."""

SILENT = (
    "At the moment I get {failing} of {total} broken, and the run says nothing useful about it.",
    "I have lost {failing} out of {total}; there is hardly any output to go by.",
)

RULES = (
    "You are root in the container and may change whatever you like in the system. What is in "
    "`/app` has to stay as it is, though: do not edit, add or remove sources or tests there. The "
    "tests will be replaced by clean copies before the result is checked, and a changed source "
    "counts as a failure. Installed packages and programs must end up in the versions they had.",
    "The container is yours, as root, and any repair of the system is welcome. Only leave the "
    "project's sources and tests in `/app` exactly as they are, and put no new modules beside them;"
    " original copies replace the tests before grading, and differing sources are not accepted. "
    "Other versions of what is installed are not accepted either.",
    "Do what you need as root; the machine is all yours. The one thing I ask is that the sources "
    "and tests below `/app` remain untouched, without edits or additions. They are compared with "
    "the originals at the end, and the tests are replaced by fresh copies before they count. "
    "Please keep the installed versions, too; an upgrade does not count as a repair.",
    "Everything outside `/app` may be repaired as you see fit, and you are root; only the versions of what "
    "was installed have to be the same again. "
    "Inside `/app` nothing should differ in the end: no edited source, no edited test, no new module. "
    "Before grading the tests are overwritten with the originals, and the sources are compared with theirs.",
)

CLOSINGS = (
    "It is done when every test that used to pass does so again. Please repair the cause: start-up "
    "hooks, pytest settings or stand-ins that only make the run look green are of no use to me.",
    "I would like all of them to pass again, by a real repair and not by a trick such as a start-up"
    " hook or a changed pytest configuration.",
    "Please get the whole suite green again. Find out what is really broken and mend that; "
    "workarounds in the test configuration or in hooks at interpreter start will not be accepted.",
    "What I need at the end is a healthy environment in which the full suite passes, not a "
    "workaround that hides the failures from pytest.",
)
