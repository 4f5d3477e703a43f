#!/bin/bash
# Grades this container: reward 1 when every required test passes in it again, else 0.
# Saying 0 takes nothing but bash, for anything else may be damaged. For a 1, a static busybox first finds the
# programs it takes to be what they were, with nothing running beside them that could change them again.

logs=/logs/verifier
here=${BASH_SOURCE[0]%/*}
box=$here/busybox
reward=0

# Writes the reward as a file of its own, whatever lies in its place.
finish() {
    if [[ -L $logs || ! -d $logs ]]; then "$box" rm -rf -- "$logs" && "$box" mkdir -p -- "$logs"; fi
    "$box" rm -rf -- "$logs/reward.json" "$logs/reward.txt"
    if [[ -f $logs/reward.json ]]; then printf '{"reward": %s}\n' "$reward" >"$logs/reward.json"; fi
    if [[ ! -p $logs/reward.txt ]]; then printf '%s\n' "$reward" >"$logs/reward.txt"; fi
}

# Sets state, parent, start and name of process $1, which are its own; false when it is gone. What lies in
# /dev may be the solver's: a message goes nowhere by a closed descriptor, not by a file that cannot be opened.
look() {
    local line=
    { IFS= read -r -d '' line <"/proc/$1/stat"; } 2>&-
    [[ $line ]] || return 1
    name=${line#*(} name=${name%) *}
    set -- ${line##*) }
    state=$1 parent=$2 start=${20}
}

# Finds what must go on: the container's first process, whose child it is if that is a mere init, and what
# this script was started by. A client that types into tmux waits for it with processes of its own.
family() {
    local pid first=0 tmux=
    spare=" 1 $$ "
    pid=$$
    while look "$pid" && ((parent > 1)); do
        spare+="$parent " ancestors+=("$parent") pid=$parent
        look "$pid" && [[ $name == tmux* ]] && tmux=yes
    done
    look 1 && [[ $name == @(docker-init|podman-init|catatonit|dumb-init|tini) ]] && first=1
    for pid in /proc/[0-9]*; do
        pid=${pid#/proc/}
        look "$pid" || continue
        [[ $tmux && $("$box" readlink "/proc/$pid/exe") == /usr/bin/@(timeout|tmux?( *)) ]] && spare+="$pid "
        if ((first && parent == 1)) && { [[ -z $oldest ]] || ((start < age)); }; then oldest=$pid age=$start; fi
    done
    spare+="$oldest "
}

# Ends every other process: no tests need one, and no repair consists of one. Frozen first, none forks away.
sweep() {
    local pid others threads deadline=$((SECONDS + 20))
    while ((SECONDS < deadline)); do
        others=()
        for pid in /proc/[0-9]*; do
            pid=${pid#/proc/}
            [[ $spare == *" $pid "* ]] && continue
            look "$pid" || { [[ -e /proc/$pid ]] && others+=("$pid"); continue; }
            # One whose first thread has ended looks dead, whatever its others do.
            threads=("/proc/$pid/task"/*)
            [[ $state == [ZX] ]] && ((${#threads[@]} < 2)) || others+=("$pid")
        done
        ((${#others[@]})) || return 0
        kill -STOP "${others[@]}" 2>&-
        kill -KILL "${others[@]}" 2>&-
    done
    echo "processes cannot be ended"
    return 1
}

# Removes what lies beside the grader's own files: modules by the names of those it imports, for one, or links
# that lead to such. False when something stays.
alone() {
    local path own
    own=$'\n'$(<"$here/files")$'\n'
    "$box" chown -R 0:0 "$here/" && "$box" chmod -R go-w "$here/"
    # A pipe, for the other way to read what a command prints opens a file in /dev.
    "$box" find "$here/" -mindepth 1 -print0 | while IFS= read -r -d '' path; do
        [[ ! -L $path && $own == *$'\n'"${path#"$here/"}"$'\n'* ]] || "$box" rm -rf -- "$path" || exit 1
    done
}

# Whether the shell and the libraries of what will run are those of the healthy container.
shell() {
    local path loader paths bad odd=$'*[!A-Za-z0-9_./+~@\n-]*'
    while IFS= read -r path; do
        [[ -e $path || -L $path ]] && echo "$path was not there" && return 1
    done <"$here/trust/absent"
    [[ $(type -P bash) -ef /bin/bash ]] || { echo "bash is another program" && return 1; }
    IFS= read -r loader <"$here/trust/loader"
    [[ $loader ]] || return 0
    "$box" grep -e bash -e "$loader" "$here/trust/files" | "$box" sha256sum -c -s || { echo "bash was changed" && return 1; }
    paths=$(while IFS= read -r path; do "$box" env -i "$loader" --list "$path"; done <"$here/trust/programs" |
        "$box" awk 'NF == 2 || NF == 4 && $2 == "=>" {if ($(NF - 1) ~ /^\//) print $(NF - 1); next} {print "?"}' |
        "$box" sort -u)
    # A name with a space in it would be taken for others.
    [[ $paths == $odd ]] || paths=$("$box" realpath $paths)
    [[ $paths == $odd ]] && echo "libraries have strange names" && return 1
    bad=$("$box" sha256sum $paths | "$box" awk 'NR == FNR {known[$0]; next} !($0 in known)' "$here/trust/libraries" -)
    [[ $paths && -z $bad ]] || { echo "libraries were changed: ${bad:0:200}" && return 1; }
}

# Whether the interpreter and its own modules are, so that it can judge all the rest.
interpreter() {
    local library bad
    if ! "$box" sha256sum -c -s "$here/trust/files"; then
        "$box" sha256sum -c "$here/trust/files" 2>/dev/null | "$box" grep -v ': OK$' | "$box" head -n 5
        return 1
    fi
    IFS= read -r library <"$here/trust/library"
    [[ $library ]] || return 0
    bad=$("$box" find "$library/" -mindepth 1 \( -name site-packages -o -name dist-packages -o -name __pycache__ -o -name '?*.*' -type d \) -prune \
        -o \( -name '*.py' -o -name '*.so' -o -name '*.py[co]' -o -type l \) -print |
        "$box" sed 's://*:/:g' | "$box" awk 'NR == FNR {known[substr($0, 67)]; next} !($0 in known)' "$here/trust/files" - |
        "$box" grep -v -x -F -f "$here/trust/links" | while IFS= read -r path; do
            digest=$("$box" sha256sum "$path" 2>/dev/null)
            [[ ! -L $path && $digest ]] && "$box" grep -q "^${digest%% *} " "$here/trust/files" || echo "$path"
        done)
    [[ -z $bad ]] || { echo "modules were added: ${bad:0:200}" && return 1; }
}

ancestors=() oldest=
family
trap finish EXIT
trap 'exit 1' HUP INT TERM
sweep
swept=$?
finish # a zero stands from the start

if ! alone || ((swept)); then
    : # what cannot be ended, or taken away, could change anything at any time
elif ! shell; then
    finish
    # Whoever called us through a program that is not to be trusted does not get to write after us.
    kill -KILL "${ancestors[@]}" 2>/dev/null
elif interpreter; then
    # The interpreter answers a challenge: a program that only ends well in its place earns nothing.
    IFS= read -r python <"$here/interpreter"
    challenge=$RANDOM$RANDOM$RANDOM
    answer=$(exec -c "$python" -I -S -B -X pycache_prefix="$here/none" "$here" "$challenge" 3>&1 1>&2 </dev/null)
    if [[ $answer == "solved:$challenge" ]] && sweep; then reward=1; fi
fi
echo "reward $reward"
