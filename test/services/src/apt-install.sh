#!/bin/sh
# Installs Debian packages without questions and without starting their servers; safe to run several times at once.
# Usage: apt-install.sh LOCK_FILE POLICY_FILE PACKAGE...
set -u
lock=$1 policy=$2
shift 2

# The kernel gives the lock back when its owner dies, so it can't go stale.
exec 9>"$lock"
flock --wait 900 9 || { echo "another installation holds $lock for 15 minutes" >&2; exit 1; }

marker='# Made by the tests of Rampart for the time of an installation.'
remove_ours() { if grep -qsF "$marker" "$policy"; then rm -f "$policy"; fi; }
# Also what an installation that was killed has left behind.
trap remove_ours EXIT
trap 'exit 143' TERM INT HUP
remove_ours
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\n%s\nexit 101\n' "$marker" >"$policy" && chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
get() { apt-get -o DPkg::Lock::Timeout=600 "$@" </dev/null 9>&-; }
install() { get install -y --no-install-recommends "$@"; }

# Lists of packages may be missing or old: then they are fetched, once.
install "$@" || { get update && install "$@"; }
