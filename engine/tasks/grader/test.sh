#!/bin/bash
# Grades this container: reward 1 when every required test passes in it again, else 0.
# Saying 0 takes nothing but bash, for anything else may be damaged.

logs=/logs/verifier
here=${BASH_SOURCE[0]%/*}
reward=0

finish() {
    if [[ -d $logs/reward.txt || -L $logs/reward.txt ]]; then rm -rf -- "$logs/reward.txt"; fi
    if [[ -e $logs/reward.json || -L $logs/reward.json ]]; then
        rm -rf -- "$logs/reward.json" || printf '{"reward": %s}\n' "$reward" >"$logs/reward.json"
    fi
    printf '%s\n' "$reward" >"$logs/reward.txt"
}

trap finish EXIT
trap 'exit 1' HUP INT TERM
[[ -d $logs ]] || mkdir -p -- "$logs"
finish # a zero stands from the start

# The interpreter answers a challenge: a program that only ends well in its place earns nothing.
IFS= read -r interpreter <"$here/interpreter"
challenge=$RANDOM$RANDOM$RANDOM
answer=$(exec -c "$interpreter" -I -S -B "$here" "$challenge" 3>&1 1>&2 </dev/null)
if [[ $answer == "solved:$challenge" ]]; then
    reward=1
fi
echo "reward $reward"
