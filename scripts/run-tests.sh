#!/usr/bin/env bash
# Runs every test from the build that is there: run-tests.sh [SWIFT BUILD FLAGS...].
# A suite with real sockets and programs that fails beside others runs once more alone: what failed is printed last, and so
# is what only failed in company. docs/decisions/0042-a-second-try.md says why.
set -uo pipefail
cd "$(dirname "$0")/.."
flags=("$@")
log=$(mktemp "${TMPDIR:-/tmp}/weir-tests.XXXXXX")
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM
# More failures than this are no matter of a busy machine.
tries_left=4
failed=() unsteady=() details=()

# run ARGUMENTS...: swift-testing's suites by name. What failed stays in `details`.
run() {
    swift test --skip-build ${flags[@]+"${flags[@]}"} "$@" 2>&1 | tee "$log"
    local status=${PIPESTATUS[0]}
    [ "$status" = 0 ] || mapfile -t -O "${#details[@]}" details < <(grep -aE '^✘.* recorded an issue|^error:|Fatal error' "$log")
    return "$status"
}

# simulated FILTER: the same on every machine, so that one try says all.
simulated() { run --filter "$1" || failed+=("$1"); }

# started ARGUMENTS...: suites that wait for sockets and programs.
started() {
    run "$@" && return
    local suites suite
    mapfile -t suites < <(sed -nE 's/^✘ Suite "?(\w+)"? failed .*/\1/p' "$log" | sort -u)
    # A crash names no suite.
    if [ ${#suites[@]} = 0 ] || [ ${#suites[@]} -gt $tries_left ]; then
        failed+=("$*")
        return
    fi
    for suite in "${suites[@]}"; do
        tries_left=$((tries_left - 1))
        echo "run-tests.sh: $suite failed and runs again, alone"
        if run --filter "\.$suite/"; then unsteady+=("$suite"); else failed+=("$suite"); fi
    done
}

# Simulation takes all cores and the programs of process tests want their share of time: one after the other.
simulated "RandomLifeTests|ReplicationLifeTests|ArchiveLifeTests"
started --skip RandomLifeTests --skip ReplicationLifeTests --skip ArchiveLifeTests --skip ProcessTests
# Three at a time: all at once they would take the machine from one another, and a server that gets no time looks dead.
suites=()
for file in Tests/ProcessTests/*Tests.swift; do suites+=("$(basename "$file" .swift)"); done
for ((first = 0; first < ${#suites[@]}; first += 3)); do
    names=$(IFS='|' && echo "${suites[*]:first:3}")
    started --filter "ProcessTests\.($names)/"
done

echo
for line in ${details[@]+"${details[@]}"}; do echo "$line"; done
for suite in ${unsteady[@]+"${unsteady[@]}"}; do echo "run-tests.sh: $suite failed beside others and passed alone"; done
for suite in ${failed[@]+"${failed[@]}"}; do echo "run-tests.sh: FAILED $suite"; done
[ ${#failed[@]} = 0 ] && echo "run-tests.sh: every suite passed"
