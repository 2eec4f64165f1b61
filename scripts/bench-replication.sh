#!/usr/bin/env bash
# How fast a server fetches an archive that it lacks, against cp and against curl from nginx of the same bytes:
# bench-replication.sh WEIR [GIGABYTES [STREAMS]] (10 and 20). Three times as much space is needed below TMPDIR.
# Also how well replication_speed is kept, and how much later chunks of live streams are meanwhile.
# Everything runs on 127.0.0.1. docs/performance.md says what came out.
set -euo pipefail
cd "$(dirname "$0")/.."
weir=$(realpath "${1:?usage: bench-replication.sh WEIR [GIGABYTES [STREAMS]]}")
gigabytes=${2:-10} streams=${3:-20}
folder=$(mktemp -d "${TMPDIR:-/tmp}/weir-replication-bench.XXXXXX")
pids=() nginx=
cleanup() {
    # Killed, it would leave its worker behind.
    [ -z "$nginx" ] || kill -TERM "$nginx" 2>/dev/null || true
    for pid in ${pids[@]+"${pids[@]}"}; do kill -KILL "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

base=$((20000 + RANDOM % 10000))
one=$base two=$((base + 1)) nginx_port=$((base + 2))
# cam… are recorded and replicated; live… of a small rate are those whose delay is looked at.
configuration() { # configuration one|two OPTIONS_OF_DVR
    echo "cluster_key bench;"
    for i in $(seq "$streams"); do
        if [ "$1" = one ]; then
            echo "stream cam$i { input fake://fake bitrate=20M; dvr $folder/one 1d; }"
        else
            echo "stream cam$i { input m4f://127.0.0.1:$one/cam$i; dvr $folder/two 1d$2; }"
        fi
    done
    for i in $(seq 50); do
        if [ "$1" = one ]; then
            echo "stream live$i { input fake://fake bitrate=500K; }"
        else
            echo "stream live$i { input m4f://127.0.0.1:$one/live$i; }"
        fi
    done
}
start() { # start NAME PORT: `last` is the server's process
    "$weir" serve --config "$folder/$1.conf" --hostname "$1" --listen "127.0.0.1:$2" --log-level error >>"$folder/$1.log" 2>&1 &
    last=$!
    pids+=("$last")
    until curl -sf "http://127.0.0.1:$2/streamer/api/v3/monitoring/liveness" >"$folder/alive"; do
        kill -0 "$last" || { cat "$folder/$1.log" >&2; exit 1; }
        sleep 0.1
    done
}
ended() { # ended PID...: those servers end, and this waits for it
    kill "$@"
    while kill -0 "$@" 2>/dev/null; do sleep 0.1; done
}

echo "$("$weir" --version), $(nproc) cores, $(date -u +%FT%RZ), load $(cut -d' ' -f1 /proc/loadavg)"
configuration one "" >"$folder/one.conf"
start one "$one"
first=$last
wanted=$(awk -v n="$gigabytes" 'BEGIN { printf "%.0f", n * 1e9 }')
written() { { find "$folder/one" -name '*.mp4' -printf '%s\n' 2>/dev/null || true; } | awk '{ n += $1 } END { printf "%.0f", n }'; }
until [ "$(written)" -ge "$wanted" ]; do sleep 1; done
# The recorded streams end here, so that there is a gap of one size; the live ones go on.
sed -i 's|input fake://fake bitrate=20M;|input udp://127.0.0.1:9;|' "$folder/one.conf"
kill -HUP "$first"
sleep 6
echo "recorded $(written) bytes"
took() { local t0; t0=$(date +%s%3N); "$@" >"$folder/took" 2>&1 || { cat "$folder/took" >&2; exit 1; }; echo $(($(date +%s%3N) - t0)); }
# A virtual machine may have given freed memory back, which costs whoever writes next. Each way finds it as cold as the others do.
cold() { rm -rf "$folder/two" && sleep 15; }
cold
copied=$(took cp -r "$folder/one" "$folder/two")
cold

# So that a third of it has come in the forty seconds that this is looked at.
limit=$((wanted / 120 / streams))
configuration two " replicate replication_speed=$limit" >"$folder/two.conf"
start two "$two"
python3 Benchmarks/replication.py limit "$one" "$two" $((limit * streams))
ended "$last"
cold
configuration two "" >"$folder/two.conf"
start two "$two"
second=$last
python3 Benchmarks/replication.py whole "$one" "$two" "$first" "$second" "$folder"

digest() { "$weir" archive digest "$folder/$1" cam1 0 9999999999; }
ended "$second" "$first"
[ "$(digest one)" = "$(digest two)" ] && echo "the digests of cam1 are equal" || echo "the digests of cam1 DIFFER"

find "$folder/one" -name '*.mp4' | sed "s|$folder/one/||" >"$folder/list"
volume=$(written)
cold
mkdir "$folder/two" "$folder/logs"
cat >"$folder/nginx.conf" <<NGINX
daemon off; worker_processes 1; pid $folder/nginx.pid; error_log $folder/logs/error;
events {}
http { access_log off; sendfile on; client_body_temp_path $folder/logs; proxy_temp_path $folder/logs; fastcgi_temp_path $folder/logs;
  uwsgi_temp_path $folder/logs; scgi_temp_path $folder/logs;
  server { listen 127.0.0.1:$nginx_port; root $folder/one; } }
NGINX
chmod 755 "$folder"
nginx -c "$folder/nginx.conf" -e "$folder/logs/error" -g "user root;" &
nginx=$!
until curl -s "http://127.0.0.1:$nginx_port/" >"$folder/alive"; do sleep 0.1; done
{
    n=0
    while read -r path; do
        echo "url = \"http://127.0.0.1:$nginx_port/$path\""
        echo "output = \"$folder/two/$((n += 1))\""
    done <"$folder/list"
} >"$folder/curl"
curled=$(took curl -sS --fail --parallel --parallel-max 4 -K "$folder/curl")
awk -v b="$volume" -v cp="$copied" -v curl="$curled" -v rate="$(cat "$folder/rate")" 'BEGIN {
    printf "the same %.2f GB: cp %.0f MB/s, curl from nginx (4 at a time) %.0f MB/s; replication is %.2f of curl\n",
        b / 1e9, b / cp / 1e3, b / curl / 1e3, rate / (b / curl * 1e3) }'
