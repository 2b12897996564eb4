# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by every check. A check is an executable check-NAME [ROOT] that looks at the tree below ROOT (default: this
# repository), prints one line for each finding and exits 1 when there is any. selftest feeds a bad sample to each.
set -uo pipefail

root=$(cd "${1:-$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..}" && pwd)
cd "$root" || exit 2

# files PATTERN...: tracked and new files that match a git pathspec glob; below a plain directory, whatever find sees.
files() {
  if [ -e .git ]; then
    git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r f; do [ -f "$f" ] && echo "$f"; done
  else
    local pattern
    for pattern in "$@"; do find . -path ./build -prune -o -type f -name "${pattern##*/}" -printf '%P\n'; done
  fi | sort -u
}

cxx_sources() { files '*.cpp' '*.h' '*.c' | grep -E '^(agent|cli|bpf|tests|toa_module)/'; }

# scripts: every file that starts with a shell's shebang, by any name
shell_scripts() {
  { files '*.sh'; files '*' | grep -vE '\.[a-z]+$'; } | sort -u | while IFS= read -r f; do
    case $f in *.sh) echo "$f" ;; *) head -c 64 "$f" | head -n 1 | grep -qE '^#!.*\b(bash|sh)$' && echo "$f" ;; esac
  done
}

findings=0
finding() {
  echo "$*"
  findings=$((findings + 1))
}

# verdict: the exit status of a check that used finding()
verdict() {
  [ "$findings" -eq 0 ]
  exit
}
