#!/usr/bin/env bash
# Long runs for the background: soak.sh [NAME...], all of them without a name. `make soak` builds the tests first.
#   cluster    random lives of a group on virtual time: SOAK_SEEDS of them (100000), from SOAK_FIRST_SEED on (by the clock).
#              A failing seed is added to Tests/ClusterTests/KeptSeeds.txt, which every test run lives through.
#   failover   kill -9 of the capturing server under a player, SOAK_KILLS times (30)
#   replication  random lives of replicated archives: SOAK_SEEDS of them (10000), from SOAK_FIRST_SEED on
#   archive    random months of an archive: SOAK_SEEDS of them (2000), from SOAK_FIRST_SEED on
#   outages    kill -9 and SIGSTOP of two servers that replicate, SOAK_OUTAGES times (20) at random
#   recording  kill -9 of a recording server, SOAK_KILLS times (100)
# One more run is one more function and its name in `names`.
set -euo pipefail
cd "$(dirname "$0")/.."
names=(archive cluster failover outages recording replication)
failed=0

# run_tests FILTER: swift-testing's suites by name, from the build that is there.
run_tests() { swift test --skip-build --filter "$1" ${SWIFT_BUILD_FLAGS:-}; }

cluster() {
    local log
    log=$(mktemp "${TMPDIR:-/tmp}/weir-soak.XXXXXX")
    local first=${SOAK_FIRST_SEED:-$(date +%s)00000}
    echo "seeds $first to $((first + ${SOAK_SEEDS:-100000} - 1))"
    WEIR_SEEDS=${SOAK_SEEDS:-100000} WEIR_FIRST_SEED=$first run_tests RandomLifeTests 2>&1 | tee "$log" || failed=1
    sed -n 's/^failing seed \([0-9]*\)$/\1/p' "$log" | sort -un | while read -r seed; do
        grep -q "^$seed\b" Tests/ClusterTests/KeptSeeds.txt ||
            echo "$seed # $(date -u +%F), $(git rev-parse --short HEAD)" >>Tests/ClusterTests/KeptSeeds.txt
        echo "kept: seed $seed" >&2
    done
    rm -f "$log"
}

failover() { WEIR_KILLS=${SOAK_KILLS:-30} run_tests ViewersOverMoveTests.ffmpegPlaysOn || failed=1; }

replication() {
    WEIR_REPLICATION_SEEDS=${SOAK_SEEDS:-10000} WEIR_FIRST_SEED=${SOAK_FIRST_SEED:-1} run_tests ReplicationLifeTests || failed=1
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
