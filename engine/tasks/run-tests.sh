#!/bin/bash
# Grades this container and says so in the kind of summary that the client reads.

here=${BASH_SOURCE[0]%/*}

# The client begins to wait for its terminal after it has typed, with processes that the grader, which ends
# all strangers, could only tell from those when they are whole.
awaited() {
    local file words
    for file in /proc/[0-9]*/cmdline; do
        { mapfile -d '' -t words <"$file"; } 2>&-
        [[ "${words[*]}" == "tmux wait done" ]] && return 0
    done
    return 1
}
if [[ -n $TMUX ]]; then
    for ((i = 0; i < 100; i++)); do
        awaited && break
        read -r -t 0.1 _ <> <(:)
    done
fi

verdict=$("$BASH" "$here/test.sh")
echo "=========================== short test summary info ============================"
if [[ $verdict == "reward 1" ]]; then
    echo "PASSED tests/grader::environment_is_repaired"
else
    echo "FAILED tests/grader::environment_is_repaired"
    # The last word on a name counts: what prints a better one later does not know this name.
    echo "FAILED tests/grader::environment_is_repaired_$RANDOM$RANDOM$RANDOM"
    exit 1
fi
