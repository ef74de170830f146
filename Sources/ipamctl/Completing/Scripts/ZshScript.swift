extension CompletionShell {
    /// The script for zsh.
    static let zshScript = #"""
        #compdef ipamctl
        # zsh completion for ipamctl. Written by 'ipamctl completion zsh'; do not edit.

        _ipamctl() {
            local program=${${(Q)words[1]}/#\~/$HOME} current=${(Q)PREFIX} line value
            local -a before lines entries describe add
            before=("${(@Q)words[2,CURRENT-1]}")
            ((CURRENT > 2)) || before=()
            lines=("${(@f)$("$program" __complete -- "${before[@]}" "$current" 2>/dev/null)}")
            [[ ${lines[-1]} == :<-> ]] || return 1
            local -i directive=${lines[-1]#:}
            lines[-1]=()

            # Of --option=value only the value is completed.
            [[ $current != -*=* ]] || compset -P 1 '*='
            for line in "${lines[@]}"; do
                value=${line%%$'\t'*}
                value=${value//:/\\:}
                if [[ $line == *$'\t'* ]]; then
                    entries+=("$value:${line#*$'\t'}")
                else
                    entries+=("$value")
                fi
            done
            ((directive & 2)) && add=(-S '')
            ((directive & 32)) && describe=(-V)
            if (($#entries)); then
                _describe "${describe[@]}" 'completions' entries "${add[@]}"
            elif ((directive & 16)); then
                _files -/
            elif ((!(directive & 4))); then
                _files
            else
                return 1
            fi
        }

        if [[ ${funcstack[1]} == _ipamctl ]]; then
            _ipamctl "$@"
        else
            (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
            compdef _ipamctl ipamctl
        fi

        """#
}
