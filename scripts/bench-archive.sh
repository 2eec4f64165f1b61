#!/usr/bin/env bash
# Measures the archive of a weir binary: bench-archive.sh WEIR_BINARY. About fifteen minutes and 8 GB below TMPDIR, or four
# minutes and 2 GB with QUICK=1. Everything runs on 127.0.0.1. docs/performance.md says how it is measured.
set -euo pipefail
cd "$(dirname "$0")/.."
weir=$(realpath "${1:?usage: bench-archive.sh WEIR_BINARY}")
quick=${QUICK:-}
udp=${BENCH_UDP_PORT:-23000} http=${BENCH_HTTP_PORT:-18090} nginx_port=${BENCH_NGINX_PORT:-18091}
source scripts/measuring.sh
make_tools send-streams
make_media

# ------------------------------------------------------------------ recording

# inputs N [DVR]: the configuration of N streams, recorded when DVR is a directory.
inputs() {
    echo "http 127.0.0.1:$http;"
    for ((i = 0; i < $1; i++)); do
        echo "stream s$i { input udp://127.0.0.1:$((udp + i)); segment_duration 6; segment_count 2; ${2:+dvr $2 1d;} }"
    done
}

recording() {
    local counts="50 200 500" seconds=20
    [ -z "$quick" ] || { counts="50 200" seconds=12; }
    echo
    echo "## Recording streams of 2 Mbit/s"
    row "streams;CPU % without dvr;with dvr;recording;of that per 400 Mbit/s;cat to as many files, CPU % per 400 Mbit/s;beyond the media %"
    row "---;---;---;---;---;---;---"
    local n
    for n in $counts; do
        local without with
        inputs "$n" >"$work/live.conf"
        serve "$work/live.conf"
        send "$n" $((seconds + 15))
        local sender=$last
        sleep 10
        without=$(cpu_percent "$seconds" "$weir_pid")
        stop "$sender"
        stop_weir
        inputs "$n" "$work/dvr$n" >"$work/record.conf"
        serve "$work/record.conf"
        send "$n" $((seconds + 15))
        sender=$last
        sleep 10
        with=$(cpu_percent "$seconds" "$weir_pid")
        stop "$sender"
        stop_weir
        # The same bytes to the same number of files, in pieces of 64 KB, synced once.
        local bytes=0 mbit
        bytes=$(du -sb --exclude='index*' "$work/dvr$n" | cut -f1)
        mkdir -p "$work/cat$n"
        local cat_cpu
        cat_cpu=$( { time -p bash -c "
            for ((i = 0; i < $n; i++)); do cat \$(find $work/dvr$n/s\$i -name '*.mp4') >$work/cat$n/\$i; done; sync $work/cat$n" ; } 2>&1 |
            awk '/^user|^sys/ { sum += $2 } END { print sum }')
        mbit=$(calc "$bytes * 8 / 1e6" %.1f)
        # The payload: what ffprobe counts as packets of the tracks.
        local run payload size index
        run=$(find "$work/dvr$n/s0" -name '*.mp4' | head -n 1)
        payload=$(ffprobe -v error -show_entries packet=size -of csv=p=0 "$run" | awk '{ sum += $1 } END { print sum }')
        size=$(stat -c %s "$run")
        index=$(stat -c %s "$work/dvr$n/index.sqlite")
        row "$n;$without;$with;$(calc "$with - $without" %.1f);$(calc "($with - $without) / ($n * 2 / 400)" %.1f);$(calc "$cat_cpu * 100 / ($mbit / 400)" %.1f);$(calc "($size + $index / $n - $payload) * 100 / $payload")"
        rm -rf "$work/dvr$n" "$work/cat$n"
    done
}

# 100 live streams recorded, by two servers in turn.
recorders() {
    local streams=100 seconds=20 ours theirs
    [ -z "$quick" ] || seconds=10
    echo
    echo "## 100 inputs of 2 Mbit/s, recorded"
    inputs $streams "$work/recorded" >"$work/record.conf"
    serve "$work/record.conf"
    send $streams $((seconds + 15))
    local sender=$last
    sleep 10
    ours=$(cpu_percent "$seconds" "$weir_pid")
    stop "$sender"
    stop_weir
    rm -rf "$work/recorded"
    start_rtmp "record all; record_path $work/rtmp;" || return 0
    send_rtmp $streams
    sleep 15
    theirs=$(cpu_percent "$seconds" "$rtmp_pid")
    echo "weir, UDP to live and archive: $ours % of a core; nginx-rtmp, RTMP to FLV ($(find "$work/rtmp" -name '*.flv' | wc -l) files): $theirs %; ratio $(div "$ours" "$theirs")"
    stop_rtmp
}

# ------------------------------------------------------------------ archive as files

playback() {
    local seconds=6
    [ -z "$quick" ] || seconds=3
    echo
    echo "## Segments out of an archive"
    inputs 1 "$work/play" >"$work/play.conf"
    serve "$work/play.conf"
    send 1 45
    local sender=$last
    sleep 42
    stop "$sender"
    local base=http://127.0.0.1:$http/s0 from list
    from=$(curl -s "http://127.0.0.1:$http/streamer/api/v3/streams/s0/dvr/ranges" | sed 's/.*"from":\([0-9]*\).*/\1/')
    list=$(curl -s "$base/archive-$from-40.m3u8" | grep '\.m4s$' | head -n 3)
    mkdir -p "$work/www"
    for name in $list; do curl -s "$base/$name" >"$work/www/$name"; done
    serve_files
    local name
    name=$(echo "$list" | head -n 1)
    row "what;per s;CPU µs each;nginx per s;CPU µs each;ratio of CPU"
    row "---;---;---;---;---;---"
    compare "segment of $(($(stat -c %s "$work/www/$name") / 1024)) KB" "$base/$name" "http://127.0.0.1:$nginx_port/$name"
    stop "$nginx_master"
    stop_weir
}

# compare WORDS ADDRESS NGINX_ADDRESS
compare() {
    local rate micros theirs other
    read -r rate micros < <(requests_of "$2" "$weir_pid" 16 "$seconds")
    read -r theirs other < <(requests_of "$3" "$nginx_pid" 16 "$seconds")
    row "$1;$rate;$micros;$theirs;$other;$(div "$micros" "$other")"
}

# ------------------------------------------------------------------ large archives

# large STREAMS DAYS SECONDS_OF_A_SEGMENT [MEASURE]: starts a server, and measures, on a store with the index of that many segments; its files are empty but for the last
# day, where they have their sizes, and the header of the first run, which all share.
large() {
    local streams=$1 days=$2 step=$3 root=$work/large now
    rm -rf "$root"
    inputs 1 "$root" >"$work/seed.conf"
    serve "$work/seed.conf"
    send 1 25
    local sender=$last
    sleep 22
    stop "$sender"
    stop_weir
    rm -rf "$root"/s0/journal.txt
    local run length tracks
    run=$(cd "$root" && find s0 -name '*.mp4' | head -n 1)
    length=$(sqlite3 "$root/index.sqlite" "SELECT initialization_length FROM run LIMIT 1")
    tracks=$(sqlite3 "$root/index.sqlite" "SELECT tracks FROM run LIMIT 1")
    head -c "$length" "$root/$run" >"$work/init.mp4"
    rm -rf "$root/s0"
    # The last hour is over, so that nobody waits for more of it.
    now=$((($(date +%s) / 3600 - 1) * 3600))
    sqlite3 "$root/index.sqlite" >/dev/null <<EOF
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
DELETE FROM stream; DELETE FROM run; DELETE FROM segment; DELETE FROM gap;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $streams)
INSERT INTO stream (id, name, bytes, segments) SELECT i + 1, 's' || i, 86400 / $step * $days * 1500000, 86400 / $step * $days FROM n;
WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < $streams),
    h(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM h WHERE i + 1 < $days * 24)
INSERT INTO run SELECT s.i * $days * 24 + h.i + 1, s.i + 1,
    's' || s.i || '/' || strftime('%Y-%m-%d/%H-%M-%S.000.mp4', $now - ($days * 24 - h.i) * 3600, 'unixepoch'),
    ($now - ($days * 24 - h.i) * 3600) * 90000, ($now - ($days * 24 - h.i) * 3600) * 90000,
    ($now - ($days * 24 - h.i - 1) * 3600) * 90000, 'a', $tracks, $length, $length + 1500000 * (3600 / $step), 3600 / $step, 0
    FROM s, h;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < 3600 / $step)
INSERT INTO segment SELECT r.stream, r.start + n.i * $step * 90000, $step * 90000, r.id, $length + n.i * 1500000, 1499908,
    x'00112233445566778899aabbccddeeff', 0 FROM run r, n ORDER BY r.stream, r.start, n.i;
EOF
    local file last_day
    last_day=$(date -u -d "@$((now - 1))" +%F)
    sqlite3 "$root/index.sqlite" "SELECT path, size FROM run WHERE path LIKE '%/$last_day/%' OR id = 1" | while IFS='|' read -r file size; do
        mkdir -p "$root/$(dirname "$file")"
        cp "$work/init.mp4" "$root/$file"
        truncate -s "$size" "$root/$file"
    done
    {
        echo "http 127.0.0.1:$http;"
        for ((i = 0; i < streams; i++)); do echo "stream s$i { input udp://127.0.0.1:$((udp + i)); dvr $root; }"; done
    } >"$work/large.conf"
    serve "$work/large.conf"
    local t0 opened
    t0=$(now_ms)
    until curl -s "http://127.0.0.1:$http/streamer/api/v3/dvrs" | grep -q '"open"'; do sleep 0.05; done
    opened=$((listening + $(now_ms) - t0))
    curl -s -o /dev/null "http://127.0.0.1:$http/s0/archive-$((now - days * 86400))-60.m3u8"
    "${4:-seek_row}" "$@"
    stop_weir
    rm -rf "$root"
}

seek_row() {
    row "$streams × $days d, segments of $step s;$(sqlite3 "$root/index.sqlite" 'SELECT count(*) FROM segment');$(($(stat -c %s "$root/index.sqlite") >> 20));$opened;$(seek "$streams" $((now - days * 86400)) "$now")"
}

# seek STREAMS FROM TO: p50, p99 and largest of 2000 playlists of ten minutes anywhere in the archive, in ms, one after the other;
# and p50 and p99 of as many requests in between that need neither archive nor disk, which is what the machine adds.
seek() {
    python3 - "$1" "$2" "$3" "$http" <<'EOF'
import http.client, random, sys, time
streams, begin, end, port = map(int, sys.argv[1:])
random.seed(1)
connection = http.client.HTTPConnection("127.0.0.1", port)
def ask(path, status, times):
    t = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    times.append((time.perf_counter() - t) * 1000)
    if answer.status != status: sys.exit(f"{path}: status {answer.status}")
times, floor = [], []
for _ in range(2000):
    at = random.randrange(begin, end - 600)
    ask(f"/s{random.randrange(streams)}/archive-{at}-600.m3u8", 200, times)
    ask("/nobody/index.m3u8", 404, floor)
times.sort()
floor.sort()
print(f"{times[1000]:.1f};{times[1980]:.1f};{times[-1]:.1f};{floor[1000]:.1f};{floor[1980]:.1f}")
EOF
}

seeking() {
    echo
    echo "## Large archives"
    row "store;segments;index (MB);open after (ms);playlist of 10 min p50 (ms);p99;largest;a bare answer p50;p99"
    row "---;---;---;---;---;---;---;---;---"
    large 1 ${BENCH_DAYS:-365} 6
    if [ -n "$quick" ]; then large 200 3 6; else large 200 30 6; fi
}

# Ten thousand viewers at as many instants, each with a connection of its own that stays, after two playlists.
crowd_row() {
    python3 - $((now - days * 86400)) "$now" "$http" "$weir_pid" <<'EOF'
import random, re, resource, socket, sys
begin, end, port, pid = map(int, sys.argv[1:])
count = min(10000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 100)
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100,) * 2)
random.seed(1)
def memory(): return int(re.search(r"VmRSS:\s*(\d+)", open(f"/proc/{pid}/status").read())[1])
def ask(viewer, at):
    viewer.sendall(f"GET /s0/archive-{at}-600.m3u8 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer: answer += viewer.recv(65536)
    head, body = answer.split(b"\r\n\r\n", 1)
    if b" 200 " not in head.split(b"\r\n")[0]: sys.exit(f"no playlist: {head}")
    length = int(re.search(rb"content-length: *(\d+)", head, re.I)[1])
    while len(body) < length: body += viewer.recv(65536)
def viewers(number):
    made = []
    for index in range(number):
        made.append(socket.create_connection(("127.0.0.1", port)))
        for _ in range(2): ask(made[-1], random.randrange(begin, end - 600))
    return made
first = viewers(500)
before = memory()
rest = viewers(count - 500)
print(f"| {count} | {before / 1024:.0f} MB with 500 | {memory() / 1024:.0f} MB | {(memory() - before) / (count - 500):.1f} KB |")
EOF
}

crowd() {
    echo
    echo "## Viewers of an archive, each at an instant of its own"
    row "viewers;memory before;memory;a viewer"
    row "---;---;---;---"
    large 1 30 6 crowd_row
}

introduce
for part in ${PARTS:-recording recorders playback seeking crowd}; do $part; done
