#!/usr/bin/env bash
# Long runs for the background: soak.sh [NAME...], all of them without a name. `make soak` builds the tests first.
#   cluster    random lives of a group on virtual time: SOAK_SEEDS of them (100000), from SOAK_FIRST_SEED on (by the clock).
#              A failing seed is added to Tests/ClusterTests/KeptSeeds.txt, which every test run lives through.
#   failover   kill -9 of the capturing server under a player, SOAK_KILLS times (30)
#   replication  random lives of replicated archives: SOAK_SEEDS of them (10000), from SOAK_FIRST_SEED on (by the clock).
#              A failing seed is added to Tests/ArchiveStorageTests/Simulation/KeptSeeds.txt
#   archive    random months of an archive: SOAK_SEEDS of them (2000), from SOAK_FIRST_SEED on
#   outages    kill -9 and SIGSTOP of two servers that replicate, and cuts of the line between them, one way and both:
#              SOAK_OUTAGES times (20) at random with fake://, and as often with a multicast source
#   recording  kill -9 of a recording server, SOAK_KILLS times (100)
# One more run is one more function and its name in `names`.
set -euo pipefail
cd "$(dirname "$0")/.."
names=(archive cluster failover outages recording replication)
failed=0

# run_tests FILTER: swift-testing's suites by name, from the build that is there.
run_tests() { swift test --skip-build --filter "$1" ${SWIFT_BUILD_FLAGS:-}; }

# live SUITE SEEDS_VARIABLE COUNT KEPT: random lives from a first seed on; a seed that fails is kept in a file.
live() {
    local log first=${SOAK_FIRST_SEED:-$(date +%s)00000}
    log=$(mktemp "${TMPDIR:-/tmp}/weir-soak.XXXXXX")
    echo "seeds $first to $((first + $3 - 1))"
    env "$2=$3" WEIR_FIRST_SEED="$first" swift test --skip-build --filter "$1" ${SWIFT_BUILD_FLAGS:-} 2>&1 | tee "$log" || failed=1
    sed -n 's/^failing seed \([0-9]*\)$/\1/p' "$log" | sort -un | while read -r seed; do
        grep -q "^$seed\b" "$4" || echo "$seed # $(date -u +%F), $(git rev-parse --short HEAD)" >>"$4"
        echo "kept: seed $seed" >&2
    done
    rm -f "$log"
}

cluster() { live RandomLifeTests WEIR_SEEDS "${SOAK_SEEDS:-100000}" Tests/ClusterTests/KeptSeeds.txt; }

failover() { WEIR_KILLS=${SOAK_KILLS:-30} run_tests ViewersOverMoveTests.ffmpegPlaysOn || failed=1; }

replication() {
    live ReplicationLifeTests WEIR_REPLICATION_SEEDS "${SOAK_SEEDS:-10000}" Tests/ArchiveStorageTests/Simulation/KeptSeeds.txt
}

archive() {
    WEIR_ARCHIVE_SEEDS=${SOAK_SEEDS:-2000} WEIR_FIRST_SEED=${SOAK_FIRST_SEED:-1} run_tests ArchiveLifeTests || failed=1
}

outages() { WEIR_OUTAGES=${SOAK_OUTAGES:-20} run_tests randomOutages || failed=1; }

recording() { WEIR_KILLS=${SOAK_KILLS:-100} run_tests ArchiveKillTests || failed=1; }

[ $# -gt 0 ] || set -- "${names[@]}"
for name in "$@"; do
    case " ${names[*]} " in
    *" $name "*)
        echo "=== $name"
        "$name"
        ;;
    *)
        echo "soak.sh: unknown name '$name'; one of: ${names[*]}" >&2
        exit 2
        ;;
    esac
done
exit $failed
