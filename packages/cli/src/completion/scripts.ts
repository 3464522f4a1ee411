export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

// Each script runs `fota complete -- <words>`, which prints a line `value<tab>description` for each candidate, or the
// single line `:files` to ask for file names.

const BASH = `# fota completion for bash: source <(fota completion bash)
_fota() {
  local line=\${COMP_LINE:0:COMP_POINT} current prefix candidate rest
  local -a words
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=\${words[\${#words[@]}-1]}
  # bash splits words at : and = too, and wants what comes after the last of them.
  prefix=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate rest; do
    if [[ $candidate == :files ]]; then
      compopt -o default
      return
    fi
    [[ $candidate == "$current"* ]] && COMPREPLY+=("\${candidate#"$prefix"}")
  done < <(command fota complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _fota fota
`;

const ZSH = `#compdef fota
# fota completion for zsh: source <(fota completion zsh)
_fota() {
  local line
  local -a values shown
  for line in "\${(@f)$(command fota complete -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      _files
      return
    fi
    [[ -n $line ]] || continue
    values+=("\${line%%$'\\t'*}")
    if [[ $line == *$'\\t'* ]]; then
      shown+=("\${line%%$'\\t'*}  -- \${line#*$'\\t'}")
    else
      shown+=("$line")
    fi
  done
  (( \${#values} )) && compadd -l -d shown -a values
}
if [[ $funcstack[1] == _fota ]]; then
  _fota "$@"
else
  compdef _fota fota
fi
`;

const FISH = `# fota completion for fish: fota completion fish | source
function __fota_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc)
    for line in (command fota complete -- $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c fota -f -a '(__fota_complete)'
`;

/** Holds the completion script of each shell. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
