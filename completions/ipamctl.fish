# fish completion for ipamctl. Written by 'ipamctl completion fish'; do not edit.

function __ipamctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct | string collect)
    set -l program (string replace -r '^~' "$HOME" -- $words[1])
    set -e words[1]
    set -l lines (command $program __complete -- $words "$current" 2>/dev/null)
    string match -qr '^:[0-9]+$' -- "$lines[-1]"; or return
    set -l directive (string sub -s 2 -- $lines[-1])
    set -e lines[-1]

    # Of --option=value, the candidates are values, and fish wants the whole word.
    set -l before (string match -r -- '^-[^=]*=' "$current" | string collect)
    for line in $lines
        printf '%s\n' "$before$line"
    end
    set -l value (string sub -s (math (string length -- "$before") + 1) -- "$current")
    if test (math "bitand($directive, 16)") -ne 0
        for path in (__fish_complete_directories "$value" '')
            printf '%s\n' "$before$path"
        end
    else if test (math "bitand($directive, 4)") -eq 0
        for path in (__fish_complete_path "$value")
            printf '%s\n' "$before$path"
        end
    end
end

complete -c ipamctl -k -f -a '(__ipamctl_complete)'
