/*
 * Written here rather than taken from a library. @oclif/plugin-autocomplete 4 needs Node 22 and oclif's plugin loader,
 * and completes no names of a store; @bomb.sh/tab 0.0.22 is a prerelease whose bash script passes the typed line to
 * `eval`, splits candidates at spaces and leaves the colon to the user.
 */

/** The completion functions. They ask `cachectl __complete`, whose first line says what the others are. */
export const SCRIPTS = {
  bash: `# bash completion for cachectl
_cachectl() {
  local reply first line
  COMPREPLY=()
  reply=$("\${1/#\\~/$HOME}" __complete bash "\${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null </dev/null) || return
  first=\${reply%%$'\\n'*}
  case $first in
    values*)
      [[ $reply == *$'\\n'* ]] || return
      while IFS= read -r line; do COMPREPLY+=("$line"); done <<<"\${reply#*$'\\n'}"
      [[ $first == *partial ]] && compopt -o nospace 2>/dev/null
      ;;
    program*)
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$2")
      compopt -o default 2>/dev/null
      ;;
    files)
      compopt -o default 2>/dev/null ||
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$2")
      ;;
  esac
}
complete -F _cachectl cachectl
`,

  zsh: `#compdef cachectl
# zsh completion for cachectl
_cachectl() {
  local reply line value about program=\${(Q)words[1]}
  local -a lines whole partial
  reply=$("\${program/#\\~/$HOME}" __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)
  lines=("\${(@f)reply}")
  case $lines[1] in
    program*)
      local before=\${lines[1]#program }
      shift $((before + 1)) words
      ((CURRENT -= before + 1))
      _normal
      ;;
    files)
      compset -P '--*='
      _files
      ;;
    values*)
      for line in "\${(@)lines[2,-1]}"; do
        value=\${line%%$'\\t'*}
        about=\${\${line#"$value"}#$'\\t'}
        value=\${\${value//\\\\/\\\\\\\\}//:/\\\\:}
        if [[ $about == *$'\\t'partial ]]; then
          partial+=("$value\${\${about%$'\\t'partial}:+:\${about%$'\\t'partial}}")
        else
          whole+=("$value\${about:+:$about}")
        fi
      done
      _describe -V cachectl whole -- partial -S ''
      ;;
  esac
}
if [[ $funcstack[1] == _cachectl ]]; then
  _cachectl "$@"
else
  compdef _cachectl cachectl
fi
`,

  fish: `# fish completion for cachectl
function __cachectl_complete
    set -l words (commandline -opc)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -e words[1]
    set -l reply ($program __complete fish $words (commandline -ct) 2>/dev/null </dev/null)
    switch "$reply[1]"
        case files
            set -l head (string match -r -- '^--[^=]*=' (commandline -ct))
            set -l paths (__fish_complete_path (string replace -r '^--[^=]*=' '' -- (commandline -ct)))
            printf '%s\\n' "$head"$paths
        case 'program*'
            set -e words[1..(string replace 'program ' '' -- $reply[1])]
            complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
        case 'values*'
            printf '%s\\n' $reply[2..-1]
    end
end
complete -c cachectl -f -k -a '(__cachectl_complete)'
`,
} as const;

export type Shell = keyof typeof SCRIPTS;

export const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];
