"""Copies to /delta what changed on the filesystem since /tmp/marker was made, without what installing left.

Runs in a build, after packages of the distribution were installed: the image gets the changes as one layer,
and none of the archives they came from.
"""

import os
import subprocess

_SKIPPED_TEXT = """
/proc /sys /dev /run /tmp /delta /etc/hosts /etc/hostname /etc/resolv.conf /var/log/apt /var/cache/apt
/var/cache/debconf /var/cache/ldconfig /var/lib/apt/lists
"""
SKIPPED = frozenset(_SKIPPED_TEXT.split())
LOGS = ("/var/log/dpkg.log", "/var/log/alternatives.log", "/var/log/lastlog", "/var/log/faillog")


def main() -> int:
    """Find and copy; 0 when all went well."""
    since = os.lstat("/tmp/marker").st_ctime_ns
    wanted = set()
    pending = ["/"]
    while pending:
        directory = pending.pop()
        for entry in os.scandir(directory):
            path = entry.path
            if path in SKIPPED or path in LOGS or backup(directory, path):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
            if entry.stat(follow_symlinks=False).st_ctime_ns > since:
                while path != "/" and path not in wanted:
                    wanted.add(path)
                    path = os.path.dirname(path)
    os.mkdir("/delta")
    with open("/tmp/names", "wb") as file:
        file.write(b"\0".join(os.fsencode(path.lstrip("/")) for path in sorted(wanted)))
    pack = ["tar", "-C", "/", "--no-recursion", "--null", "--xattrs", "-T", "/tmp/names", "-cf", "-"]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packer:
        unpacked = subprocess.call(["tar", "-C", "/delta", "--xattrs", "-xpf", "-"], stdin=packer.stdout)
    return packer.returncode or unpacked


def backup(directory: str, path: str) -> bool:
    """Whether a file is the one before the last change, as tools keep it."""
    if directory == "/etc":
        return path.endswith("-")
    return directory.startswith(("/var/lib/dpkg", "/var/lib/ucf")) and path.endswith("-old")


if __name__ == "__main__":
    raise SystemExit(main())
