#!/usr/bin/env bash
# One hop of M4F: added delay per chunk, and the receiver's CPU against that of the server that takes the source.
# bench-m4f.sh WEIR [STREAMS [SECONDS]]; needs ffmpeg and python3. Prints one line each; see docs/performance.md.
set -euo pipefail
weir=${1:?usage: bench-m4f.sh WEIR [STREAMS [SECONDS]]}
streams=${2:-20}
seconds=${3:-30}
folder=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

base=$((20000 + RANDOM % 20000))
http_one=$base
http_two=$((base + 1))
{
    echo "cluster_key bench;"
    for i in $(seq "$streams"); do
        echo "stream cam$i { input udp://127.0.0.1:$((base + 10 + i)); segment_duration 2; }"
    done
} >"$folder/one.conf"
{
    echo "cluster_key bench;"
    for i in $(seq "$streams"); do
        echo "stream cam$i { input m4f://127.0.0.1:$http_one/cam$i; segment_duration 2; }"
    done
} >"$folder/two.conf"

ffmpeg -v error -f lavfi -i testsrc2=s=640x360:r=25 -f lavfi -i sine=r=48000 -t 20 -c:v libx264 -preset ultrafast \
    -b:v 2M -maxrate 2M -bufsize 1M -g 50 -bf 0 -c:a aac -f mpegts "$folder/source.ts"
outputs=$(for i in $(seq "$streams"); do printf '[f=mpegts]udp://127.0.0.1:%d?pkt_size=1316|' $((base + 10 + i)); done)
timeout $((seconds + 60)) ffmpeg -v error -re -stream_loop -1 -i "$folder/source.ts" -map 0 -c copy -f tee "${outputs%|}" &
pids+=($!)
timeout $((seconds + 60)) "$weir" serve --config "$folder/one.conf" --hostname one --listen "127.0.0.1:$http_one" \
    >"$folder/one.log" 2>&1 &
pids+=($!)
one=$!
sleep 3
timeout $((seconds + 60)) "$weir" serve --config "$folder/two.conf" --hostname two --listen "127.0.0.1:$http_two" \
    >"$folder/two.log" 2>&1 &
pids+=($!)
two=$!
sleep 8
child() { tr -d ' ' <"/proc/$1/task/$1/children"; }
python3 - "$http_one" "$http_two" "$(child $one)" "$(child $two)" "$streams" "$seconds" <<'PYTHON'
import os, socket, struct, sys, threading, time
port_one, port_two, pid_one, pid_two, streams, seconds = map(int, sys.argv[1:])

def ticks(pid):
    fields = open(f'/proc/{pid}/stat').read().rsplit(') ', 1)[1].split()
    return int(fields[11]) + int(fields[12])

def follow(port, arrivals, end):
    """When each fragment of the first track came, by its decode time."""
    link = socket.create_connection(('127.0.0.1', port))
    link.sendall(b'GET /cam1/live.mp4?tracks=1 HTTP/1.1\r\nHost: x\r\n\r\n')
    data, headed = b'', False
    while time.monotonic() < end:
        link.settimeout(5)
        data += link.recv(1 << 18)
        now = time.monotonic()
        if not headed:
            if b'\r\n\r\n' not in data: continue
            data, headed = data.split(b'\r\n\r\n', 1)[1], True
        while len(data) >= 8:
            size, kind = struct.unpack('>I4s', data[:8])
            if len(data) < size: break
            if kind == b'moof':
                at = data.index(b'tfdt')
                arrivals[struct.unpack('>Q', data[at + 8:at + 16])[0]] = now
            data = data[size:]

end = time.monotonic() + seconds
one, two = {}, {}
before = ticks(pid_one), ticks(pid_two)
threads = [threading.Thread(target=follow, args=(port, arrivals, end)) for port, arrivals in ((port_one, one), (port_two, two))]
for thread in threads: thread.start()
for thread in threads: thread.join()
hz = os.sysconf('SC_CLK_TCK')
cpu = [(ticks(pid) - was) / hz / seconds * 100 for pid, was in zip((pid_one, pid_two), before)]
# The first second is the backlog, which both give at once.
delays = sorted((two[t] - one[t]) * 1000 for t in sorted(set(one) & set(two))[10:])
pick = lambda share: delays[min(len(delays) - 1, int(len(delays) * share))]
print(f'delay of one hop: median {pick(0.5):.1f} ms, p99 {pick(0.99):.1f} ms, worst {delays[-1]:.1f} ms over {len(delays)} chunks of 200 ms')
print(f'CPU for {streams} streams of 2 Mbit/s: from UDP {cpu[0]:.1f} %, from M4F {cpu[1]:.1f} % of a core')
PYTHON
