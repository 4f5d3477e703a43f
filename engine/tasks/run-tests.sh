#!/bin/bash
# Grades this container and says so in the kind of summary that the client reads.

here=${BASH_SOURCE[0]%/*}
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
