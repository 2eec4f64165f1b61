#!/usr/bin/env bash
# Takes the pictures of the documentation, docs/images/*.png, from a running server in Chromium without a window.
#   screenshots.sh PATH-TO-WEIR
set -euo pipefail
cd "$(dirname "$0")/.."
weir=$1
# Eight ports that are most likely free.
port=$((20000 + RANDOM % 10000))
driver_port=$((port + 1))
driver=http://127.0.0.1:$driver_port
work=$(mktemp -d)
pids=()
session=
stop() {
    trap - EXIT INT TERM
    [ -z "$session" ] || curl -fs -o /dev/null -X DELETE "$driver/session/$session" || true
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait "${pids[@]}" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

# Three servers; the first one records.
names=(edge1 edge2 edge3)
for i in 0 1 2; do
    cat >"$work/${names[i]}.conf" <<CONF
# The cameras and channels of this site.
cluster_key "what all servers know";
peer edge1 { address 127.0.0.1:$port; fetch_timeout 500; stale_timeout 2000; }
peer edge2 { address 127.0.0.1:$((port + 5)); fetch_timeout 500; stale_timeout 2000; }
peer edge3 { address 127.0.0.1:$((port + 6)); fetch_timeout 500; stale_timeout 2000; }
stream cameras/gate     { input fake://fake; title "Gate"; segment_duration 2; dvr $work/archive-$i 3d; cluster_ingest capture_at=edge1; }
stream cameras/loading  { input udp://127.0.0.1:$((port + 4)); title "Loading bay"; segment_duration 2; cluster_ingest capture_at=edge1; }
stream cameras/yard     { input fake://fake; title "Yard"; segment_duration 2; cluster_ingest capture_at=edge2; }
stream clock            { input fake://fake; title "Test picture"; segment_duration 2; cluster_ingest capture_at=edge3; }
stream news             { input udp://127.0.0.1:$((port + 2)) source_timeout=2; input fake://fake; title "News"; segment_duration 2; cluster_ingest capture_at=edge1; }
stream sport            { input udp://127.0.0.1:$((port + 3)); title "Sport"; segment_duration 2; dvr $work/archive-$i 3d; cluster_ingest capture_at=edge1; }
CONF
done
serve() { "$weir" serve --config "$work/$1.conf" --hostname "$1" --listen "127.0.0.1:$2" >"$work/$1.log" 2>&1 & pids+=($!); }
serve edge1 "$port"
serve edge2 "$((port + 5))"
serve edge3 "$((port + 6))"
ffmpeg -v error -re -f lavfi -i testsrc2=s=1280x720:r=25 -f lavfi -i sine=r=48000 -c:v libx264 -preset ultrafast -b:v 3M \
    -g 50 -c:a aac -f mpegts "udp://127.0.0.1:$((port + 3))?pkt_size=1316" >"$work/ffmpeg.log" 2>&1 &
pids+=($!)
chromedriver --port=$driver_port >"$work/driver.log" 2>&1 &
pids+=($!)

# until_true WHAT COMMAND...: asks for at most a minute.
until_true() {
    local what=$1
    shift
    for _ in $(seq 240); do
        if "$@"; then return; fi
        sleep 0.25
    done
    echo "screenshots.sh: it never happened that $what" >&2
    tail -n 5 "$work"/*.log >&2
    exit 1
}

# ask COMMAND JSON: one WebDriver command of the session.
ask() { curl -fsS -X POST -H 'Content-Type: application/json' -d "$2" "$driver/session/$session/$1"; }
page_says() { ask execute/sync "{\"script\": \"return !!($1)\", \"args\": []}" | grep -q true; }
picture() { curl -fsS "$driver/session/$session/screenshot" | sed 's/.*"value":"\([^"]*\)".*/\1/' | base64 -d >"$1"; }
ready() { curl -fs -o /dev/null "$1"; }

until_true 'the first server answers' ready "http://127.0.0.1:$port/sport/index.m3u8"
until_true 'the second server answers' ready "http://127.0.0.1:$((port + 5))/cameras/yard/index.m3u8"
until_true 'the third server answers' ready "http://127.0.0.1:$((port + 6))/clock/index.m3u8"
until_true 'chromedriver answers' ready "$driver/status"
session=$(curl -fsS -X POST -H 'Content-Type: application/json' "$driver/session" -d '{"capabilities": {"alwaysMatch": {
    "goog:chromeOptions": {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"]}}}}' |
    sed 's/.*"sessionId":"\([^"]*\)".*/\1/')
size() { ask goog/cdp/execute "{\"cmd\": \"Emulation.setDeviceMetricsOverride\", \"params\": {\"width\": 1100, \"height\": $1, \"deviceScaleFactor\": 1, \"mobile\": false}}" >/dev/null; }

# Somebody watches, so that the columns of viewers and output show more than zeros.
timeout 60 ffmpeg -v error -i "http://127.0.0.1:$port/sport/mpegts" -c copy -f null - >"$work/viewer.log" 2>&1 &
pids+=($!)

colours() { ask goog/cdp/execute "{\"cmd\": \"Emulation.setEmulatedMedia\", \"params\": {\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$1\"}]}}" >/dev/null; }
open_page() { ask url "{\"url\": \"http://127.0.0.1:$port/#/$1\"}" >/dev/null; }

mkdir -p docs/images
colours light
size 560
open_page streams
until_true 'the console lists the streams with their pictures' page_says "document.body.innerText.includes('6 of 6') && document.querySelectorAll('canvas.shown').length >= 5 && [...document.querySelectorAll('tbody tr')].some((row) => row.innerText.includes('sport') && row.children[5].innerText === '1')"
picture docs/images/console.png

size 1000
open_page streams/sport
until_true 'the stream plays' page_says "document.querySelector('iframe').contentDocument.getElementById('video').currentTime > 4 && document.querySelectorAll('.lane rect.recorded').length > 0"
picture docs/images/stream.png

colours dark
size 760
open_page cluster
until_true 'the group is shown' page_says "document.querySelectorAll('.matrix .yes').length === 6"
picture docs/images/cluster.png

size 620
open_page events
until_true 'the events are shown' page_says "document.body.innerText.includes('following')"
picture docs/images/events.png
ls -l docs/images
