# What bench.sh and bench-archive.sh share: a folder, processes that end with the script, a file to send, CPU and memory of a
# server, nginx and nginx-rtmp, and rows of tables. For `source`, from the top of the repository; docs/performance.md says how things are measured.

work=$(mktemp -d "${TMPDIR:-/tmp}/weir-bench.XXXXXX")
# The workers of nginx are other users.
chmod 755 "$work"
started=()
finish() {
    for pid in ${started[@]+"${started[@]}"}; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# background COMMAND…: `last` is its process.
background() {
    "$@" &
    last=$!
    started+=("$last")
}
stop() {
    local pid
    for pid in "$@"; do kill "$pid" 2>/dev/null || true; done
    for pid in "$@"; do wait "$pid" 2>/dev/null || true; done
}

# ------------------------------------------------------------------ what is sent

# make_tools NAME…: programs of Benchmarks, below $work.
make_tools() {
    local tool
    for tool in "$@"; do cc -O2 -Wall -Wextra -pthread -o "$work/$tool" "Benchmarks/$tool.c"; done
}

# 19.2 s are whole frames of both tracks, so that the loop has no seam: 480 at 25 per second and 900 of AAC.
file_seconds=19.2
make_media() {
    ffmpeg -v error -y -f lavfi -i testsrc2=s=640x360:r=25 -f lavfi -i sine=r=48000 -vf noise=alls=30:allf=t \
        -frames:v 480 -frames:a 900 -c:v libx264 -preset veryfast -profile:v main -bf 0 -g 48 -sc_threshold 0 \
        -b:v 1750k -maxrate 1750k -bufsize 875k -c:a aac -b:a 128k -f mpegts "$work/x.ts"
}
# send STREAMS SECONDS: to the ports from $udp on.
send() { background "$work/send-streams" "$work/x.ts" $file_seconds "$udp" "$1" "$2"; }

# ------------------------------------------------------------------ servers

# serve CONFIGURATION: a server on port $http; waits until it listens, which took `listening` ms. `weir_pid` is its process.
serve() {
    local t0
    t0=$(now_ms)
    background timeout 1200 "$weir" serve --config "$1" --log-level warning >>"$work/weir.log" 2>&1
    weir_timeout=$last
    for ((i = 0; i < 1200; i++)); do
        weir_pid=$(pgrep -P "$weir_timeout" || true)
        if [ -n "$weir_pid" ] && curl -s -o /dev/null "http://127.0.0.1:$http/streamer/api/v3/monitoring/liveness"; then
            listening=$(($(now_ms) - t0))
            return
        fi
        sleep 0.05
    done
    tail -n 20 "$work/weir.log" >&2
    echo "the server did not start" >&2
    exit 1
}
stop_weir() { stop "$weir_pid" "$weir_timeout"; }

# serve_files [LINES]: nginx on port $nginx_port with the files of $work/www; `nginx_pid` is its worker.
serve_files() {
    mkdir -p "$work/www"
    cat >"$work/nginx.conf" <<EOF
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.log;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server { listen 127.0.0.1:$nginx_port backlog=4096; root $work/www; ${1:-} }
}
EOF
    background nginx -c "$work/nginx.conf"
    nginx_master=$last
    sleep 0.5
    nginx_pid=$(pgrep -P "$nginx_master" | head -n 1)
}

# start_rtmp [LINE [WORKERS]]: nginx-rtmp on the port after $nginx_port, to HLS or as LINE says; its HLS is on the port after that.
# `rtmp_pid` is its worker, or all of them with spaces between; `rtmp_idle` the memory of one in KB. Fails where it is not installed.
start_rtmp() {
    local module=/usr/lib/nginx/modules/ngx_rtmp_module.so
    if [ ! -e "$module" ]; then
        echo "nginx-rtmp: not on this machine."
        return 1
    fi
    mkdir -p "$work/rtmp"
    chmod 777 "$work/rtmp"
    cat >"$work/rtmp.conf" <<EOF
load_module $module;
$([ "$(id -u)" -ne 0 ] || echo 'user root;')
daemon off; worker_processes ${2:-1}; pid $work/rtmp.pid; error_log $work/rtmp.log; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
rtmp { server { listen 127.0.0.1:$((nginx_port + 1)); chunk_size 4096; application live { live on;
  ${1:-hls on; hls_path $work/rtmp; hls_fragment 2s; hls_playlist_length 8s;} } } }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server { listen 127.0.0.1:$((nginx_port + 2)) backlog=4096; root $work/rtmp; }
}
EOF
    background nginx -c "$work/rtmp.conf"
    rtmp_master=$last
    sleep 0.5
    rtmp_pid=$(pgrep -P "$rtmp_master" | head -n "${2:-1}" | paste -sd ' ')
    rtmp_idle=$(rss_kb ${rtmp_pid%% *})
    rtmp_senders=()
    [ -e "$work/x.flv" ] || ffmpeg -v error -i "$work/x.ts" -c copy "$work/x.flv"
}
# send_rtmp N: as many streams, s0 and on; a sender for each fifty, so that none has too many connections.
send_rtmp() {
    local i outputs
    for ((i = 0; i < $1; )); do
        outputs=""
        for ((; i < $1 && ${#rtmp_senders[@]} * 50 + 50 > i; i++)); do
            outputs+="[f=flv:onfail=ignore]rtmp://127.0.0.1:$((nginx_port + 1))/live/s$i|"
        done
        background ffmpeg -nostdin -v quiet -re -stream_loop -1 -i "$work/x.flv" -map 0 -c copy -f tee "${outputs%|}"
        rtmp_senders+=("$last")
    done
}
stop_rtmp() {
    # Asked to end, a sender would first end its fifty streams.
    if [ ${#rtmp_senders[@]} -gt 0 ]; then
        kill -KILL "${rtmp_senders[@]}" 2>/dev/null || true
        wait "${rtmp_senders[@]}" 2>/dev/null || true
    fi
    stop "$rtmp_master"
    rm -rf "$work/rtmp"
}

# ------------------------------------------------------------------ measuring

ticks_per_second=$(getconf CLK_TCK)
# CPU ticks of processes and of their ended children: cpu_ticks PID...
cpu_ticks() {
    local pid sum=0 line fields
    for pid in "$@"; do
        line=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
        # The name may hold spaces: what follows its parenthesis counts.
        read -ra fields <<<"${line##*) }"
        sum=$((sum + fields[11] + fields[12] + fields[13] + fields[14]))
    done
    echo "$sum"
}
rss_kb() {
    local pid sum=0
    for pid in "$@"; do sum=$((sum + $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null || echo 0))); done
    echo "$sum"
}
now_ms() { date +%s%3N; }
# Percent of a core that PIDs use in the next SECONDS: cpu_percent SECONDS PID...
cpu_percent() {
    local seconds=$1 before after t0 t1
    shift
    before=$(cpu_ticks "$@") t0=$(now_ms)
    sleep "$seconds"
    after=$(cpu_ticks "$@") t1=$(now_ms)
    awk -v d=$((after - before)) -v ms=$((t1 - t0)) -v hz="$ticks_per_second" 'BEGIN { printf "%.1f", d * 100000 / hz / ms }'
}
# requests_of ADDRESS PID CONNECTIONS SECONDS: how many a second and how much CPU of PID each took, as `rate microseconds`.
requests_of() {
    local before after
    before=$(cpu_ticks "$2")
    wrk -t1 -c"$3" -d"${4}s" "$1" >"$work/wrk.out"
    after=$(cpu_ticks "$2")
    awk -v d=$((after - before)) -v hz="$ticks_per_second" '
        /requests in/ { n = $1 }
        /^Requests\/sec/ { rate = $2 }
        END { printf "%d %.1f\n", rate, (n > 0 ? d * 1e6 / hz / n : 0) }' "$work/wrk.out"
}

# ------------------------------------------------------------------ tables

div() { awk -v a="$1" -v b="$2" -v f="${3:-%.2f}" 'BEGIN { if (b > 0) printf f, a / b; else printf "–" }'; }
calc() { awk "BEGIN { printf \"${2:-%.2f}\", $1 }"; }
row() { printf '| %s |\n' "$(printf '%s' "$*" | sed 's/;/ | /g')"; }
# A first line that says what was measured, and when.
introduce() { echo "$("$weir" --version), $(nproc) cores, $(date -u +%FT%RZ), load $(cut -d' ' -f1 /proc/loadavg)"; }
