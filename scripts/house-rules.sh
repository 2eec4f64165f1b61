#!/usr/bin/env bash
# House rules that a formatter does not know: each forbidden thing is named with the place and the reason.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

# forbid PATTERN REASON PATH...: a line that says "house rule:" and why is an allowed exception.
forbid() {
    local pattern=$1 reason=$2
    shift 2
    local hits
    hits=$(git grep --line-number --extended-regexp "$pattern" -- "$@" | grep -v 'house rule:' || true)
    if [ -n "$hits" ]; then
        printf '%s\n  ^ %s\n' "$hits" "$reason" >&2
        failed=1
    fi
}

pure=(Sources/Media Sources/MPEGTS Sources/CMAF Sources/HLS Sources/Ingest Sources/Cluster Sources/Archive Sources/M4F
    Sources/SettingsLanguage)

forbid '\b(try!|as! |fatalError\()' 'a trap is no error report: throw, or precondition with the state in the text' 'Sources/*.swift'
forbid '\bDate\(\)|ContinuousClock\.now|SystemRandomNumberGenerator|\.random\(in: [^)]*\)$|\bhashValue\b' \
    'deciding rooms get time and chance handed in, and hashValue differs per process' "${pure[@]/%//*.swift}"
forbid '^(package |public |internal )?import (NIOPosix|Glibc|Dispatch|Hummingbird|AsyncHTTPClient|GRDB)' \
    'pure rooms import no sockets, files, clocks or tasks' "${pure[@]/%//*.swift}"
forbid '\b(TODO|FIXME|XXX)\b' 'an open end belongs in an issue, not in the code' 'Sources/*.swift' 'Tests/*.swift'
forbid 'Task\.sleep|Thread\.sleep|\busleep\(' 'tests wait for events, never sleep for luck' 'Tests/*.swift'
forbid '\.disabled\(|XCTSkip' 'a test that does not run proves nothing' 'Tests/*.swift'

# Each source file says in its first line what it does.
while IFS= read -r file; do
    first=$(head -n 1 "$file")
    case $first in
    '//'*) ;;
    *)
        echo "$file:1: the first line is not a comment that says what the file does" >&2
        failed=1
        ;;
    esac
done < <(git ls-files 'Sources/*.swift' 'Tests/*.swift')

# Half of the files are below 160 lines.
git ls-files 'Sources/*.swift' | xargs wc -l | awk '$2 != "total" { n++; if ($1 < 160) short++ }
    END { if (n > 0 && short * 2 < n) { printf "only %d of %d files in Sources are below 160 lines\n", short, n; exit 1 } }' >&2 || failed=1

exit $failed
