"""The functions that shells call at a TAB; what they ask is answered by ``answer``."""

BASH = r"""
_joborch() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files) compopt -o default 2>/dev/null ;;
            :directories) compopt -o dirnames 2>/dev/null ;;
            :nospace) compopt -o nospace 2>/dev/null ;;
            *=) COMPREPLY+=("$line"); compopt -o nospace 2>/dev/null ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <("$1" __complete bash "$COMP_LINE" "$COMP_POINT" "$COMP_WORDBREAKS" "$COMP_TYPE" \
        2>/dev/null </dev/null)
}
complete -o nosort -F _joborch joborch 2>/dev/null || complete -F _joborch joborch
"""

ZSH = r"""
#compdef joborch
_joborch() {
    local line wants
    local -a values shown
    while IFS= read -r line; do
        case $line in
            :nospace) ;;
            :*) wants=$line ;;
            *)
                values+=("${line%%$'\t'*}")
                shown+=("${line/$'\t'/  -- }")
                ;;
        esac
    done < <("${words[1]}" __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" \
        2>/dev/null </dev/null)
    if (( ${#values} )); then
        compadd -V joborch -l -d shown -a values
    fi
    case $wants in
        :files) _files ;;
        :directories) _files -/ ;;
    esac
}
if [[ ${funcstack[1]} == _joborch ]]; then _joborch "$@"; else compdef _joborch joborch; fi
"""

FISH = r"""
function __joborch_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete fish $words[2..-1] "$current" 2>/dev/null </dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':directories'
                __fish_complete_directories "$current"
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c joborch -f -k -a '(__joborch_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
