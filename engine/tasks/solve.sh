#!/bin/bash
# Puts the container's files back: removes what was added, restores what was changed or removed, then
# owners and modes. Uses the container's own tools, or the static ones beside it where those may be damaged.

here=.
[[ $0 == */* ]] && here=${0%/*}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset LD_PRELOAD LD_LIBRARY_PATH TAR_OPTIONS
tool=()
[[ -e $here/busybox ]] && tool=("$here/busybox")
failed=0

if [[ -s $here/remove.list ]]; then
    mapfile -d '' -t paths <"$here/remove.list"
    for ((i = 0; i < ${#paths[@]}; i += 500)); do
        "${tool[@]}" rm -rf -- "${paths[@]:i:500}" || failed=1
    done
    echo "removed ${#paths[@]}"
fi

if [[ -e $here/gold.tar ]]; then
    "${tool[@]}" tar -x -p -f "$here/gold.tar" -C / --numeric-owner || failed=1
    echo "restored"
fi

if [[ -s $here/metadata.list ]]; then
    mapfile -d '' -t parts <"$here/metadata.list"
    total=0
    for ((i = 0; i < ${#parts[@]}; i += 3 + count)); do
        count=${parts[i + 2]}
        batch=("${parts[@]:i+3:count}")
        # The owner first: a change of owner takes set-user-ID bits away.
        "${tool[@]}" chown -h "${parts[i + 1]}" -- "${batch[@]}" || failed=1
        "${tool[@]}" chmod "${parts[i]}" -- "${batch[@]}" || failed=1
        ((total += count))
    done
    echo "owner and mode of $total"
fi

if [[ -s $here/attributes.list ]]; then
    mapfile -d '' -t parts <"$here/attributes.list"
    for ((i = 0; i < ${#parts[@]}; i += 3)); do
        python3 -I -S -c 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))' \
            "${parts[@]:i:3}" || failed=1
    done
fi

exit $failed
