#!/usr/bin/env bash
# Fuzzes each parser of outside bytes: fuzz.sh [SECONDS [TARGET...]]; a minute each by default.
# A finding ends with status 1; its input is kept in Tests/FuzzTests/Failures/TARGET, where `make test` replays it.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(transport-stream mp4 settings m4f request head)
scratch=${WEIR_FUZZ_SCRATCH:-.build-fuzz}
export WEIR_FUZZING=1 SWIFT_BACKTRACE=enable=no

build=(-c release --sanitize=fuzzer --product weir-fuzz --scratch-path "$scratch")
swift build "${build[@]}"
runner=$(swift build "${build[@]}" --show-bin-path)/weir-fuzz

failed=()
for target in "${targets[@]}"; do
    corpus=$scratch/corpus/$target
    kept=Tests/FuzzTests/Failures/$target
    mkdir -p "$corpus" "$kept"
    read_only=("Tests/FuzzTests/Seeds/$target" "$kept")
    [ "$target" != settings ] || read_only+=(examples)
    log=$scratch/$target.log
    echo "fuzzing $target for $seconds s"
    if WEIR_FUZZ_TARGET=$target timeout -k 5 $((seconds + 60)) "$runner" "$corpus" "${read_only[@]}" \
        -max_total_time="$seconds" -max_len=32768 -timeout=20 -rss_limit_mb=1024 -artifact_prefix="$kept/" \
        -print_final_stats=1 >"$log" 2>&1; then
        grep -E 'average_exec|number_of_executed|new_units' "$log" || true
    else
        failed+=("$target")
        tail -n 40 "$log" >&2
    fi
    rmdir "$kept" 2>/dev/null || true
done
[ ${#failed[@]} -eq 0 ] || {
    echo "findings in: ${failed[*]}; the inputs are in Tests/FuzzTests/Failures" >&2
    exit 1
}
