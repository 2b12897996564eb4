// SPDX-License-Identifier: Apache-2.0
// The scripts that shells load. They hand the words to "elbctl __complete" and show its answer: lines of candidate,
// tab, help. A candidate with a space or another special character comes back quoted.
#include "cli/complete.h"

namespace elb::cli {
namespace {

// Readline breaks words at ':' and '=', elbctl does not: the line is split at blanks here, and what readline already
// holds of the word is cut off again.
constexpr const char* kBash = R"script(# bash completion for elbctl: source <(elbctl completion bash)
_elbctl() {
  local line=${COMP_LINE:0:COMP_POINT} current candidate words kept
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${words[${#words[@]}-1]}
  kept=${current%"${current##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    printf -v candidate '%q' "$candidate"
    COMPREPLY+=("${candidate#"$kept"}")
  done < <(elbctl __complete -- "${words[@]:1}" 2>/dev/null)
}
complete -o default -F _elbctl elbctl
)script";

constexpr const char* kZsh = R"script(#compdef elbctl
# zsh completion for elbctl: source <(elbctl completion zsh), or save it as _elbctl in a directory of $fpath
_elbctl() {
  local line
  local -a candidates
  for line in "${(@f)$(elbctl __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  if (( ${#candidates} )); then
    _describe -V elbctl candidates
  else
    _files
  fi
}
if [[ ${funcstack[1]} == _elbctl ]]; then
  _elbctl "$@"
else
  compdef _elbctl elbctl
fi
)script";

constexpr const char* kFish = R"script(# fish completion for elbctl: elbctl completion fish | source
function __elbctl_complete
  set -l words (commandline -opc)
  elbctl __complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c elbctl -f -a '(__elbctl_complete)'
complete -c elbctl -n '__fish_seen_argument -s f -l file' -F
)script";

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return {};
}

}  // namespace elb::cli
