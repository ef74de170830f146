extension CompletionShell {
    /// The script for bash.
    static let bashScript = #"""
        # bash completion for ipamctl. Written by 'ipamctl completion bash'; do not edit.
        # It needs bash 4.4 or newer, and not the package bash-completion.

        __ipamctl_complete() {
            local rest=${COMP_LINE:0:COMP_POINT} words=() lines=() word gap index

            # readline ends a word at = and :, which values contain. Join what no blank separates.
            for ((index = 0; index <= COMP_CWORD; index++)); do
                gap=${rest%%[![:space:]]*}
                rest=${rest#"$gap"}
                word=${COMP_WORDS[index]}
                ((index < COMP_CWORD)) || word=$rest
                rest=${rest#"$word"}
                if [[ index -eq 0 || -n $gap ]]; then
                    words+=("$word")
                else
                    words[${#words[@]} - 1]+=$word
                fi
            done
            local program=${words[0]/#\~/$HOME} typed=${words[-1]}
            type -P -- "$program" >/dev/null || program=ipamctl

            # Quotes and backslashes are the shell's, not the program's.
            words=("${words[@]//[\"\'\\]/}")
            mapfile -t lines < <("$program" __complete -- "${words[@]:1}" 2>/dev/null)
            [[ ${#lines[@]} -gt 0 && ${lines[-1]} =~ ^:[0-9]+$ ]] || return
            local directive=${lines[-1]#:}
            unset 'lines[-1]'

            # Of --option=value only the value is completed. readline keeps what is before its last = or :, but a mere list (type
            # 63) shows whole values.
            local before="" kept=""
            if [[ $typed == -*=* ]]; then
                [[ $COMP_WORDBREAKS == *=* ]] || before=${typed%%=*}=
                typed=${typed#*=}
            fi
            if [[ $typed == *:* && $typed != [\"\']* && $COMP_WORDBREAKS == *:* ]] && ((COMP_TYPE != 63)); then
                kept=${typed%"${typed##*:}"}
            fi

            local line value description width=0 values=() descriptions=()
            for line in "${lines[@]}"; do
                value=${line%%$'\t'*}
                description=""
                [[ $line != *$'\t'* ]] || description=${line#*$'\t'}
                value=$before${value#"$kept"}
                values+=("$value")
                descriptions+=("$description")
                ((${#value} <= width)) || width=${#value}
            done

            # Descriptions are only shown in a list; types 37 and 42 put one candidate after the other into the line.
            if ((${#values[@]} > 1 && COMP_TYPE != 37 && COMP_TYPE != 42)); then
                local room=$((${COLUMNS:-80} - width - 5))
                for index in "${!values[@]}"; do
                    description=${descriptions[index]}
                    [[ -n $description && $room -gt 10 ]] || continue
                    ((${#description} <= room)) || description=${description:0:room-3}...
                    printf -v "values[$index]" '%-*s  (%s)' "$width" "${values[index]}" "$description"
                done
            fi
            COMPREPLY=("${values[@]}")

            if ((directive & 2)); then compopt -o nospace; fi
            if ((directive & 32)); then compopt -o nosort; fi
            if ((directive & 16)); then
                compopt -o dirnames
            elif ((!(directive & 4))); then
                compopt -o default
            fi
        }

        complete -F __ipamctl_complete ipamctl

        """#
}
