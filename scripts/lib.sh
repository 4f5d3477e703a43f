# shellcheck shell=bash disable=SC2034
# What setup and stop share: words on the terminal, root, and the private Docker Engine.
#
#   CLIGYM_ENGINE_HOME   where the private engine lives (socket, pid, data, logs)
#   CLIGYM_BRIDGE        its network bridge, so that no other daemon's docker0 is touched

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ENGINE_HOME=${CLIGYM_ENGINE_HOME:-${XDG_STATE_HOME:-$HOME/.local/state}/cligym/engine}
BRIDGE=${CLIGYM_BRIDGE:-cligym0}
SOCKET=unix://$ENGINE_HOME/docker.sock
PATH=$PATH:/usr/sbin:/sbin # where dockerd, ip and iptables are, also for a plain user

say() { printf '[%3ds] %s\n' "$SECONDS" "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

logged() { # LOG COMMAND...: run quietly; when it fails, show the end of what it said
  local log=$1; shift
  "$@" >"$log" 2>&1 </dev/null || { tail -n 15 "$log" >&2; die "failed: $* (all of it: $log)"; }
}

engine_answers() { # [HOST]: does an engine answer there, or where `docker` looks by itself?
  has docker && DOCKER_HOST=${1:-${DOCKER_HOST:-}} timeout 15 docker version >/dev/null 2>&1
}

alive() { # PIDFILE COMM ARGUMENT: print the pid if it is alive and really is that program
  # A killed daemon leaves its pid file behind, and the number may be someone else's by now.
  local pid
  pid=$(as_root cat "$1" 2>/dev/null) && [ -n "$pid" ] &&
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] &&
    tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF -- "$3" && echo "$pid"
}
dockerd_pid() { alive "$ENGINE_HOME/docker.pid" dockerd "$ENGINE_HOME/data"; }
containerd_pid() {
  alive "$ENGINE_HOME/exec/containerd/containerd.pid" containerd "$ENGINE_HOME/exec/containerd/containerd.toml"
}

end() { # PID SECONDS: ask it to end and wait; false if it still runs (a zombie does not)
  as_root sh -c "kill $1" 2>/dev/null || true # by the shell: not every machine has a kill for sudo
  for _ in $(seq $(($2 * 10))); do
    grep -qs . "/proc/$1/cmdline" || return 0
    sleep 0.1
  done
  return 1
}
