#!/bin/bash
# Puts the container's files back. One script, with all it needs as text, for nothing else is copied; read
# as a whole before it runs, for it may write over itself.
{
    self=${BASH_SOURCE[0]}
    here=${self%/*}/parts
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    unset LD_PRELOAD LD_LIBRARY_PATH TAR_OPTIONS
    static='@STATIC@'
    tool() { "$@"; }
    if [[ -n $static ]]; then
        # The container's own tools may be damaged. bash can write a program but not let it be run; this
        # file may be run already.
        printf '%b' "$static" >"$self"
        tool() { (exec -a busybox "$self" "$@"); }
    fi
    tool mkdir -p "$here"
    printf '%s\n' '@PARTS@' | tool base64 -d | tool tar -x -z -C "$here"
    [[ -z $static ]] || tool cp "$self" "$here/busybox"
    "$BASH" "$here/solve.sh"
    exit
}
