# SPDX-License-Identifier: BSD-3-Clause
# bash completion for rtpsealctl. The program itself says what can follow.

_rtpsealctl() {
    local line=${COMP_LINE:0:COMP_POINT} current cut candidate
    local -a words
    # By blanks, not as COMP_WORDS, which also ends words at ':' and '='.
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${words[-1]}
    # Of a word with ':' or '=' in it bash replaces only what is behind the last of them.
    cut=""
    [[ $COMP_WORDBREAKS == *=* && $current == *=* ]] && cut=${current%"${current##*=}"}
    [[ $COMP_WORDBREAKS == *:* && ${current#"$cut"} == *:* ]] && cut=${current%"${current##*:}"}
    COMPREPLY=()
    while IFS= read -r candidate; do
        if [[ $candidate == :file ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "${current#"$cut"}")
            return
        fi
        COMPREPLY+=("${candidate#"$cut"}")
    done < <("${words[0]}" --complete "${words[@]:1}" 2>/dev/null)
} && complete -F _rtpsealctl rtpsealctl
