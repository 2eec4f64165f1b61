#!/usr/bin/env bash
# Measures a weir binary beside other programs doing the same work, in one run: bench.sh WEIR_BINARY. About fifteen minutes, or
# four with QUICK=1; PARTS="inputs viewers" measures only those. Everything runs on 127.0.0.1. CPU is in percent of one core; docs/performance.md says how it is measured.
set -euo pipefail
cd "$(dirname "$0")/.."
weir=$(realpath "${1:?usage: bench.sh WEIR_BINARY}")
quick=${QUICK:-}
udp=${BENCH_UDP_PORT:-21000} http=${BENCH_HTTP_PORT:-18080} nginx_port=${BENCH_NGINX_PORT:-18081}
source scripts/measuring.sh
make_tools send-streams read-datagrams view-http view-hls segment-delay
make_media

# ------------------------------------------------------------------ the programs

# start_weir STREAMS [SEGMENT_DURATION]: a server with udp inputs on the ports from $udp on.
start_weir() {
    {
        echo "http 127.0.0.1:$http;"
        for ((i = 0; i < $1; i++)); do echo "stream s$i { input udp://127.0.0.1:$((udp + i)); segment_duration ${2:-2}; segment_count 4; }"; done
    } >"$work/weir.conf"
    serve "$work/weir.conf"
}
start_nginx() {
    mkdir -p "$work/www"
    for ((i = 0; i < 40; i++)); do cat "$work/x.ts"; done >"$work/www/long.ts"
    serve_files "location /long.ts { limit_rate 250k; }
        location /pieces/ { alias $work/www/; limit_rate 250k; sendfile_max_chunk 64k; }"
}

# ------------------------------------------------------------------ rows

inputs() {
    local counts="50 200 500" seconds=12
    [ -z "$quick" ] || { counts="50 200" seconds=6; }
    echo
    echo "## UDP inputs of 2 Mbit/s into a live window"
    row "inputs;weir CPU %;bare reader, 40 ms rests;ratio;bare reader, 20 ms rests;ratio;bare reader, no rests;ratio;CPU % per 100 Mbit/s;memory a stream (MB);datagrams lost"
    row "---;---;---;---;---;---;---;---;---;---;---"
    local n cpu_of=()
    for n in $counts; do
        start_weir "$n"
        local idle
        idle=$(rss_kb "$weir_pid")
        # Ten seconds fill the window's first segments before the measurement begins.
        local fill=${BENCH_FILL:-$([ -n "$quick" ] && echo 6 || echo 14)}
        send "$n" $((fill + seconds + 3))
        sleep "$fill"
        local cpu memory lost
        cpu=$(cpu_percent "$seconds" "$weir_pid")
        memory=$(rss_kb "$weir_pid")
        lost=$(curl -s "http://127.0.0.1:$http/metrics" | awk '/^weir_.*kernel.*drop/ { sum += $2 } END { print sum + 0 }')
        stop "$last"
        stop_weir
        local rest bare=()
        for rest in 40 20 0; do
            background "$work/read-datagrams" "$udp" "$n" $((seconds + 4)) "$rest"
            local reader=$last
            send "$n" $((seconds + 3))
            sleep 1
            bare+=("$(cpu_percent "$seconds" "$reader")")
            stop "$last" "$reader"
        done
        row "$n;$cpu;${bare[0]};$(div "$cpu" "${bare[0]}");${bare[1]};$(div "$cpu" "${bare[1]}");${bare[2]};$(div "$cpu" "${bare[2]}");$(div "$cpu" "$(div "$n" 50)");$(div $((memory - idle)) $((n * 1024)));$lost"
        cpu_of[n]=$cpu
    done

    local copies=5 pids=()
    [ -z "$quick" ] || copies=3
    for ((i = 0; i < copies; i++)); do
        mkdir -p "$work/hls$i"
        background ffmpeg -nostdin -v quiet -i "udp://127.0.0.1:$((udp + i))?fifo_size=5000" -c copy -f hls -hls_time 2 \
            -hls_flags delete_segments "$work/hls$i/x.m3u8"
        pids+=("$last")
    done
    send "$copies" $((seconds + 8))
    local sender=$last
    sleep 7
    local copy memory
    copy=$(cpu_percent "$seconds" "${pids[@]}")
    memory=$(rss_kb "${pids[@]}")
    stop "$sender"
    # Without datagrams ffmpeg would wait for the next one before it ends.
    kill -KILL "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true
    copy=$(div "$copy" "$copies" %.3f)
    echo
    echo "\`ffmpeg -c copy\` to HLS: $(awk -v c="$copy" 'BEGIN { printf "%.1f", c * 50 }') % for 50 (measured with $copies)," \
        "$(div "$memory" $((copies * 1024))) MB a stream; weir / ffmpeg: $(awk -v a="${cpu_of[50]}" -v b="$copy" 'BEGIN { printf "%.2f", a / b / 50 }')"
    for n in 50 200; do rtmp_inputs "$n" "${cpu_of[n]}"; done
    local other
    for other in srs mediamtx; do
        command -v "$other" >/dev/null || echo "$other: not on this machine."
    done
}

# nginx-rtmp with the same streams over RTMP, which is what it takes, to HLS: rtmp_inputs N CPU_OF_WEIR
rtmp_inputs() {
    local seconds=12 cpu memory
    [ -z "$quick" ] || seconds=6
    start_rtmp || return 0
    send_rtmp "$1"
    sleep $((14 + $1 / 20))
    cpu=$(cpu_percent "$seconds" "$rtmp_pid")
    memory=$(rss_kb "$rtmp_pid")
    echo "nginx-rtmp, $1 RTMP inputs to HLS ($(find "$work/rtmp" -name '*.m3u8' | wc -l) playlists): $cpu % of a core," \
        "$(div $((memory - rtmp_idle)) $(($1 * 1024))) MB a stream beside its files; weir / nginx-rtmp: $(div "$2" "$cpu")"
    stop_rtmp
}

viewers() {
    local counts="100 1000 2000" seconds=8
    [ -z "$quick" ] || { counts="100 500" seconds=5; }
    echo
    echo "## One stream of 2 Mbit/s to many viewers"
    row "viewers;form;CPU %;CPU % per Gbit/s;nginx in pieces of 64 KB, per Gbit/s;ratio;nginx as it likes, per Gbit/s;ratio;memory a viewer (KB);stalls, ended, wrong"
    row "---;---;---;---;---;---;---;---;---;---"
    local n form
    for n in $counts; do
        local ramp=$((n / 400 + 3))
        local path theirs=() rate
        for path in /pieces/long.ts /long.ts; do
            background "$work/view-http" "$nginx_port" "$path" "$n" $((ramp + seconds + 2)) >"$work/view.nginx"
            sleep "$ramp"
            rate=$(cpu_percent "$seconds" "$nginx_pid")
            wait "$last" || true
            # limit_rate sends 250 KB/s to each.
            theirs+=("$(awk -v c="$rate" -v n="$n" 'BEGIN { printf "%.2f", c / (n * 250 * 1024 * 8 / 1e9) }')")
        done
        for form in mpegts live.mp4; do
            start_weir 1
            send 1 $((ramp + seconds + 18))
            local sender=$last
            # The window is full then, so that what grows is the viewers'.
            sleep 12
            local before after cpu
            before=$(rss_kb "$weir_pid")
            background "$work/view-http" "$http" "/s0/$form" "$n" $((ramp + seconds + 2)) >"$work/view.out"
            local viewer=$last
            sleep "$ramp"
            cpu=$(cpu_percent "$seconds" "$weir_pid")
            after=$(rss_kb "$weir_pid")
            wait "$viewer" || true
            stop "$sender"
            stop_weir
            local bytes ours
            bytes=$(awk '{ print $2 }' "$work/view.out")
            # All bytes over the viewers' whole time, so the first burst from the window counts with the rest.
            rate=$(awk -v b="$bytes" -v s=$((ramp + seconds + 2)) 'BEGIN { printf "%.3f", b * 8 / s / 1e9 }')
            ours=$(div "$cpu" "$(awk -v n="$n" 'BEGIN { print n * 2.0e6 / 1e9 }')")
            row "$n;$form;$cpu;$ours;${theirs[0]};$(div "$ours" "${theirs[0]}");${theirs[1]};$(div "$ours" "${theirs[1]}");$(div $((after - before)) "$n" %.1f);$(awk '{ print $12 ", " $10 ", " $8 }' "$work/view.out") ($rate Gbit/s)"
        done
    done
}

# requests NAME ADDRESS_OF_WEIR ADDRESS_OF_NGINX
requests() {
    local seconds=5 rate micros theirs other
    [ -z "$quick" ] || seconds=3
    read -r rate micros < <(requests_of "$2" "$weir_pid" 16 "$seconds")
    read -r theirs other < <(requests_of "$3" "$nginx_pid" 16 "$seconds")
    row "$1;$rate;$micros;$theirs;$other;$(div "$micros" "$other")"
}

hls() {
    echo
    echo "## HLS requests"
    start_weir 1
    send 1 45
    local sender=$last
    sleep 7
    local base=http://127.0.0.1:$http/s0 playlist segment
    playlist=$(curl -s "$base/index.m3u8" | grep -m1 '^track-') || playlist=track-1.m3u8
    curl -s "$base/$playlist" >"$work/www/playlist.m3u8"
    segment=$(grep '\.m4s$' "$work/www/playlist.m3u8" | tail -n 1)
    curl -s "$base/$segment" >"$work/www/segment.m4s"
    row "request;weir per s;weir CPU µs;nginx per s;nginx CPU µs;ratio"
    row "---;---;---;---;---;---"
    requests "media playlist, $(stat -c %s "$work/www/playlist.m3u8") bytes" "$base/$playlist" "http://127.0.0.1:$nginx_port/playlist.m3u8"
    segment=$(curl -s "$base/$playlist" | grep '\.m4s$' | tail -n 1)
    requests "segment, $(($(stat -c %s "$work/www/segment.m4s") / 1024)) KB" "$base/$segment" "http://127.0.0.1:$nginx_port/segment.m4s"
    stop "$sender"
    stop_weir
}

# watch_hls NAME PIDS PORT PLAYLIST…: 400 viewers of live HLS, each of which asks for a playlist and a segment every two seconds. Both
# servers begin a segment with every key frame, so that there is a new one each time.
watch_hls() {
    local name=$1 pid=$2 seconds=12 cpu
    [ -z "$quick" ] || seconds=6
    shift 2
    background "$work/view-hls" "$1" 400 $((seconds + 4)) "${@:2}" >"$work/view.out"
    local viewers=$last
    # All have come after two seconds.
    sleep 3
    cpu=$(cpu_percent "$seconds" $pid)
    wait "$viewers"
    row "$name;$cpu;$(awk -v s=$((seconds + 4)) '{ printf "%.0f;%.0f;%s;%s;%s;%d", $2 / s, $8 * 8 / s / 1e6, $10, $12, $14, $16 }' "$work/view.out")"
}

hls_viewers() {
    echo
    echo "## 400 viewers of live HLS"
    row "server;CPU %;segments per s;Mbit/s;a segment's p50 (ms);p99;worst;wrong answers"
    row "---;---;---;---;---;---;---;---"
    start_weir 1 1
    send 1 80
    local sender=$last
    sleep 9
    local base=http://127.0.0.1:$http/s0 name
    watch_hls "weir, picture and sound apart" "$weir_pid" "$http" /s0/track-1.m3u8 /s0/track-2.m3u8
    watch_hls "weir, picture and sound together" "$weir_pid" "$http" /s0/track-all.m3u8
    name=$(curl -s "$base/index.m3u8?container=ts" | grep -v '^#' | tail -n 1)
    watch_hls "weir, MPEG-TS segments" "$weir_pid" "$http" "/s0/$name"
    stop "$sender"
    stop_weir
    # With one worker, and with one for each core, as packages configure it and as the server has event loops.
    local workers
    for workers in 1 "$(nproc)"; do
        start_rtmp "hls on; hls_path $work/rtmp; hls_fragment 1s; hls_playlist_length 8s;" "$workers" || return 0
        send_rtmp 1
        sleep 10
        watch_hls "nginx-rtmp, $workers workers, MPEG-TS segments" "$rtmp_pid" $((nginx_port + 2)) /s0.m3u8
        stop_rtmp
    done
}

# The same with all servers at once, each with viewers of its own: what else the machine does meanwhile touches them alike, so that
# the ratios hold where figures taken one after the other differ by a half from minute to minute.
hls_at_once() {
    local seconds=30 names=("weir, picture and sound together" "weir, MPEG-TS segments" "nginx-rtmp, 1 worker, MPEG-TS segments")
    [ -z "$quick" ] || seconds=10
    [ -e /usr/lib/nginx/modules/ngx_rtmp_module.so ] || return 0
    echo
    echo "## 400 viewers of live HLS for each of these, all at once"
    row "server;CPU %;of nginx;a segment's p50 (ms);p99;worst;wrong answers"
    row "---;---;---;---;---;---;---"
    local pids=() ports=() playlists=() others=() viewers=() before=() after=() k
    for k in 0 1; do
        http=$((http + 10 * k)) udp=$((udp + k)) start_weir 1 1
        udp=$((udp + k)) send 1 $((seconds + 40))
        pids+=("$weir_pid") ports+=("$((http + 10 * k))") others+=("$weir_pid" "$weir_timeout" "$last")
    done
    start_rtmp "hls on; hls_path $work/rtmp; hls_fragment 1s; hls_playlist_length 8s;"
    send_rtmp 1
    sleep 10
    pids+=("$rtmp_pid") ports+=("$((nginx_port + 2))")
    playlists=(/s0/track-all.m3u8 "/s0/$(curl -s "http://127.0.0.1:${ports[1]}/s0/index.m3u8?container=ts" | grep -v '^#' | tail -n 1)" /s0.m3u8)
    for k in 0 1 2; do
        background "$work/view-hls" "${ports[k]}" 400 $((seconds + 4)) "${playlists[k]}" >"$work/view$k.out"
        viewers+=("$last")
    done
    sleep 3
    for k in 0 1 2; do before+=("$(cpu_ticks "${pids[k]}")"); done
    sleep "$seconds"
    for k in 0 1 2; do after+=("$(cpu_ticks "${pids[k]}")"); done
    wait "${viewers[@]}"
    stop "${others[@]}"
    stop_rtmp
    for k in 0 1 2; do
        row "${names[k]};$(calc "(${after[k]} - ${before[k]}) * 100 / $ticks_per_second / $seconds");$(div $((after[k] - before[k])) $((after[2] - before[2])));$(awk '{ printf "%s;%s;%s;%d", $10, $12, $14, $16 }' "$work/view$k.out")"
    done
}

# The first segment in a playlist after an ffmpeg began to send, of two servers in turn; the time that ffmpeg takes to start is in both.
first_segments() {
    local t0 ours=() theirs=() turn
    for turn in 1 2 3; do
        start_weir 1
        t0=$(now_ms)
        background ffmpeg -nostdin -v quiet -re -i "$work/x.ts" -c copy -f mpegts "udp://127.0.0.1:$udp?pkt_size=1316"
        until [ -n "$(curl -s "http://127.0.0.1:$http/s0/track-1.m3u8" | grep '\.m4s$')" ]; do sleep 0.02; done
        ours+=($(($(now_ms) - t0)))
        stop "$last"
        stop_weir
        start_rtmp || break
        t0=$(now_ms)
        background ffmpeg -nostdin -v quiet -re -i "$work/x.flv" -c copy -f flv "rtmp://127.0.0.1:$((nginx_port + 1))/live/s0"
        until [ -n "$(curl -s "http://127.0.0.1:$((nginx_port + 2))/s0.m3u8" | grep '\.ts$')" ]; do sleep 0.02; done
        theirs+=($(($(now_ms) - t0)))
        stop "$last"
        stop_rtmp
    done
    echo "First segment after the start of an ffmpeg that sends, ms: weir (MPEG-TS over UDP) ${ours[*]}; nginx-rtmp (RTMP) ${theirs[*]:-not here}."
}

start_up() {
    echo
    echo "## Start"
    local t0 first=0
    start_weir 1
    t0=$(now_ms)
    send 1 12
    for ((i = 0; i < 400; i++)); do
        local name
        name=$(curl -s "http://127.0.0.1:$http/s0/track-1.m3u8" | grep -m1 '\.m4s$' || true)
        if [ -n "$name" ]; then
            first=$(($(now_ms) - t0))
            break
        fi
        sleep 0.02
    done
    echo "Listening after $listening ms. First segment in the playlist $first ms after the first datagram (segments of 1.92 s)."
    stop "$last"
    stop_weir
    first_segments
    # A key frame comes every 1.92 s: with shorter segments each of them begins one.
    start_weir 1 1
    echo "From a segment's last frame to the playlist that lists it, ms:" \
        "$("$work/segment-delay" "$work/x.ts" $file_seconds "$udp" "$http" /s0/track-1.m3u8 "$([ -n "$quick" ] && echo 16 || echo 40)")"
    stop_weir
}

introduce
start_nginx
for part in ${PARTS:-start_up inputs viewers hls hls_viewers hls_at_once}; do "$part"; done
