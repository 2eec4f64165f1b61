#!/usr/bin/env bash
# Measures the group of a weir binary: bench-cluster.sh WEIR_BINARY [failover|placement|polls ...]; all without a name.
# Everything runs on 127.0.0.1; docs/performance.md says how it is measured. KILLS (30), SERVERS (20), STREAMS (1000) and
# STALE (3000, milliseconds) choose other sizes; QUICK=1 kills five times and takes 5 servers with 100 streams.
set -euo pipefail
cd "$(dirname "$0")/.."
weir=$(realpath "${1:?usage: bench-cluster.sh WEIR_BINARY [failover|placement|polls ...]}")
shift
quick=${QUICK:-}
kills=${KILLS:-$([ -n "$quick" ] && echo 5 || echo 30)}
servers=${SERVERS:-$([ -n "$quick" ] && echo 5 || echo 20)}
streams=${STREAMS:-$([ -n "$quick" ] && echo 100 || echo 1000)}
stale=${STALE:-3000}
fetch=$((stale / 3))
first_port=${BENCH_HTTP_PORT:-18100}
work=$(mktemp -d "${TMPDIR:-/tmp}/weir-bench.XXXXXX")
declare -A pids
others=()
finish() {
    for pid in ${pids[@]+"${pids[@]}"} ${others[@]+"${others[@]}"}; do kill -KILL "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

now_ms() { date +%s%3N; }
ticks_per_second=$(getconf CLK_TCK)
row() { printf '| %s |\n' "$(printf '%s' "$*" | sed 's/;/ | /g')"; }
# Numbers of the standard input, one a line, as `p50 p95 max`.
percentiles() {
    sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)], v[int(NR * 0.95 + 0.999)], v[NR]; else print "– – –" }'
}
port() { echo $((first_port + $1)); }
# ask SERVER PATH
ask() { curl -s --max-time 5 "http://127.0.0.1:$(port "$1")$2"; }
answers() { ask "$1" /streamer/api/v3/monitoring/liveness >/dev/null; }

# configure COUNT: a group of COUNT servers; the streams come from the standard input.
configure() {
    {
        echo 'cluster_key abcd; failback immediate;'
        for ((i = 1; i <= $1; i++)); do
            echo "peer s$i { address 127.0.0.1:$(port "$i"); fetch_timeout $fetch; stale_timeout $stale; }"
        done
        cat
    } >"$work/weir.conf"
}
# launch NUMBER
launch() {
    "$weir" serve --config "$work/weir.conf" --hostname "s$1" --listen "127.0.0.1:$(port "$1")" --log-level error \
        >>"$work/s$1.log" 2>&1 &
    pids[$1]=$!
    disown
}
# start NUMBER: … and wait until it answers
start() {
    [ -n "${pids[$1]:-}" ] || launch "$1"
    for ((attempt = 0; attempt < 400; attempt++)); do
        answers "$1" && return
        sleep 0.05
    done
    tail -n 20 "$work/s$1.log" >&2
    echo "server s$1 did not start" >&2
    exit 1
}
stop_all() {
    for number in "${!pids[@]}"; do
        kill -KILL "${pids[$number]}" 2>/dev/null || true
        unset "pids[$number]"
    done
}
# Where a stream runs with media, asked of a server: the number of the server; empty while it is moving.
place() { { ask "$1" "/streamer/api/v3/streams/$2" | tr -d ' \n' | sed -n 's/.*"alive":true.*"running_on":\["s\([0-9]*\)"\].*/\1/p; s/.*"running_on":\["s\([0-9]*\)"\].*"alive":true.*/\1/p' | head -n 1; } || true; }

# ------------------------------------------------------------------ fail-over

# One stream of fake:// on three servers; whoever has it is killed without a word. The time is from the kill to the first
# byte of media that a viewer who asks a survivor gets; the frames are those between the kill and the survivor's first.
failover() {
    echo
    echo "## Fail-over: kill -9 of the server that captures, $kills times, stale_timeout $stale ms, fetch_timeout $fetch ms"
    configure 3 <<<'stream clock { input fake://fake; segment_duration 1; cluster_ingest; }'
    for number in 1 2 3; do start $number; done
    : >"$work/times"
    : >"$work/frames"
    for ((round = 1; round <= kills; round++)); do
        local owner="" survivor
        # All three have been in touch for a while, the stream has come home, and the kill falls anywhere between two polls.
        sleep "$(awk -v s="$RANDOM" -v f=$fetch 'BEGIN { printf "%.3f", (f * 3 + s / 32768 * f) / 1000 }')"
        until [ -n "$owner" ] && [ "$owner" = "$(place 2 clock)" ] && [ "$owner" = "$(place 3 clock)" ]; do
            sleep 0.1
            owner=$(place 1 clock)
        done
        survivor=$((owner % 3 + 1))
        local killed seen date bytes
        killed=$(now_ms)
        kill -KILL "${pids[$owner]}"
        unset "pids[$owner]"
        for ((attempt = 0; attempt < 2000; attempt++)); do
            bytes=$({ curl -sfL --max-time 2 "http://127.0.0.1:$(port $survivor)/clock/mpegts" || true; } | head -c 188 | wc -c)
            [ "$bytes" -lt 188 ] || break
            sleep 0.01
        done
        seen=$(now_ms)
        echo $((seen - killed)) >>"$work/times"
        # The first segment of the new server says with which frame of the clock it began.
        date=""
        for ((attempt = 0; attempt < 200; attempt++)); do
            date=$(curl -sL --max-time 2 "http://127.0.0.1:$(port $survivor)/clock/track-1.m3u8" |
                sed -n 's/^#EXT-X-PROGRAM-DATE-TIME://p' | head -n 1)
            [ -z "$date" ] || break
            sleep 0.05
        done
        # A source that begins with its last key frame may give again what was seen already: nothing is lost then.
        [ -z "$date" ] || awk -v f=$((($(date -d "$date" +%s%3N) - killed) / 40)) 'BEGIN { print (f > 0 ? f : 0) }' >>"$work/frames"
        start "$owner"
    done
    stop_all
    row "of $(wc -l <"$work/times") moves;p50;p95;max"
    row "---;---;---;---"
    local p
    read -ra p < <(percentiles <"$work/times")
    row "first new frame at a viewer, ms after the kill;${p[0]};${p[1]};${p[2]}"
    read -ra p < <(percentiles <"$work/frames")
    row "frames of 40 ms lost;${p[0]};${p[1]};${p[2]}"
}

# ------------------------------------------------------------------ placement

placement() {
    echo
    echo "## Placement by size"
    WEIR_BENCHMARKS=1 swift build -c release --static-swift-stdlib --product weir-placement ${SWIFT_BUILD_FLAGS:-} >"$work/build.log" 2>&1 || {
        tail -n 20 "$work/build.log" >&2
        exit 1
    }
    "$(WEIR_BENCHMARKS=1 swift build -c release --static-swift-stdlib --show-bin-path ${SWIFT_BUILD_FLAGS:-})/weir-placement"
}

# ------------------------------------------------------------------ polls

# bytes NUMBER: what a server has sent to its peers in answers and received from them in theirs, without the heads of HTTP.
bytes() {
    ask "$1" /metrics | awk '/^weir_peer_poll_sent_bytes_total/ { sent += $2 } /^weir_peer_poll_received_bytes_total/ { got += $2 }
        END { printf "%.0f %.0f\n", sent, got }'
}
ticks() {
    local line fields
    line=$(cat "/proc/$1/stat")
    read -ra fields <<<"${line##*) }"
    echo $((fields[11] + fields[12]))
}
# Percent of a core per server over SECONDS, and bytes per second on the first one's port: measure SECONDS
measure() {
    local before=0 after=0 number t0 t1 sent0 got0 sent1 got1
    read -r sent0 got0 < <(bytes 1)
    t0=$(now_ms)
    for number in "${!pids[@]}"; do before=$((before + $(ticks "${pids[$number]}"))); done
    sleep "$1"
    for number in "${!pids[@]}"; do after=$((after + $(ticks "${pids[$number]}"))); done
    t1=$(now_ms)
    read -r sent1 got1 < <(bytes 1)
    awk -v d=$((after - before)) -v ms=$((t1 - t0)) -v hz="$ticks_per_second" -v n="${#pids[@]}" \
        -v s=$((sent1 - sent0)) -v g=$((got1 - got0)) \
        'BEGIN { printf "%.2f %.0f %.0f\n", d * 100000 / hz / ms / n, s * 1000 / ms, g * 1000 / ms }'
}
streams_of() {
    local i
    for ((i = 1; i <= $1; i++)); do echo "stream cam$i { input udp://239.255.17.1:$udp/127.0.0.1; segment_duration 5; $2 }"; done
}
# Streams with next to no media (one picture a second, sent once to a multicast group that all of them read), so that what is
# left is the group's own work. The same number of streams per server without a group is taken off.
polls() {
    local seconds=20 udp=${BENCH_UDP_PORT:-21900}
    # The defaults: each of twenty servers on a core of its own would not mind less, all of them on one machine do.
    stale=${STALE:-15000} fetch=$((${STALE:-15000} / 3))
    [ -z "$quick" ] || seconds=8
    echo
    echo "## Polls: $servers servers, $streams streams, fetch_timeout $fetch ms"
    ffmpeg -v error -re -f lavfi -i testsrc2=s=64x36:r=1 -c:v libx264 -preset ultrafast -g 2 -f mpegts \
        "udp://239.255.17.1:$udp?localaddr=127.0.0.1&pkt_size=1316" &
    others+=($!)
    local alone cpu sent got number
    streams_of $(((streams + servers - 1) / servers)) "" >"$work/weir.conf"
    start 1
    sleep 12
    read -r alone _ _ < <(measure "$seconds")
    stop_all
    streams_of "$streams" "cluster_ingest;" | configure "$servers"
    # All at once: one that comes first would take all streams and give most of them away again.
    for ((number = 1; number <= servers; number++)); do launch "$number"; done
    for ((number = 1; number <= servers; number++)); do start "$number"; done
    local running=0
    for ((attempt = 0; attempt < 120 && running < streams; attempt++)); do
        sleep 1
        running=$({ ask 1 '/streamer/api/v3/streams?limit=1000' | grep -o '"running_on": *\[ *"' || true; } | wc -l)
    done
    sleep 5
    read -r cpu sent got < <(measure "$seconds")
    row "$running of $streams streams run;value"
    row "---;---"
    row "CPU of a server, % of a core;$cpu"
    row "… of one with as many streams and no group;$alone"
    row "bytes/s of its reports to its $((servers - 1)) peers;$sent"
    row "bytes/s of their reports to it;$got"
    # A change: one server dies, the others tell each other who took what.
    kill -KILL "${pids[$servers]}"
    unset "pids[$servers]"
    sleep 0.5
    read -r cpu sent got < <(measure $((stale / 1000 + 3)))
    row "while a dead server's streams move: CPU %;$cpu"
    row "… bytes/s sent;$sent"
    stop_all
}

echo "$("$weir" --version), $(nproc) cores, $(date -u +%FT%RZ), load $(cut -d' ' -f1 /proc/loadavg)"
[ $# -gt 0 ] || set -- failover placement polls
for part in "$@"; do
    case $part in
    failover | placement | polls) "$part" ;;
    *)
        echo "bench-cluster.sh: unknown part '$part'; one of: failover, placement, polls" >&2
        exit 2
        ;;
    esac
done
