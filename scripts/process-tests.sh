#!/usr/bin/env bash
# Runs the tests that start servers and players, three suites at a time: process-tests.sh [SWIFT BUILD FLAGS...].
# All at once they would take the machine from one another, and a server that gets no time looks like one that is dead.
set -euo pipefail
cd "$(dirname "$0")/.."
suites=()
for file in Tests/ProcessTests/*Tests.swift; do suites+=("$(basename "$file" .swift)"); done
failed=0
for ((first = 0; first < ${#suites[@]}; first += 3)); do
    names=$(IFS='|' && echo "${suites[*]:first:3}")
    swift test --skip-build --filter "ProcessTests\.($names)/" "$@" || failed=1
done
exit $failed
