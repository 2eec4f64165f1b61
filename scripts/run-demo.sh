#!/usr/bin/env bash
# Runs the three servers of the cluster example on this machine until Ctrl-C.
#   run-demo.sh PATH-TO-WEIR
# WEIR_DEMO_PORTS: the servers' ports, if those of the example are taken. WEIR_DEMO_FOLDER: for logs and archives.
# WEIR_DEMO_PAUSE: seconds before a server that was killed returns.
set -euo pipefail
cd "$(dirname "$0")/.."
weir=$(realpath "$1")
names=(flussonic streamer s03.myhosting.com)
usual=(8080 8081 8082)
read -ra ports <<<"${WEIR_DEMO_PORTS:-${usual[*]}}"
[ ${#ports[@]} = 3 ] || {
    echo "WEIR_DEMO_PORTS is '$WEIR_DEMO_PORTS', but each of the three servers needs a port: \"${usual[*]}\"" >&2
    exit 1
}
pause=${WEIR_DEMO_PAUSE:-20}
logs=${WEIR_DEMO_FOLDER:-run/demo}
mkdir -p "$logs"
config=$PWD/examples/cluster.conf
if [ "${ports[*]}" != "${usual[*]}" ]; then
    # The example names the servers' ports where it lists the peers; nothing else of it changes.
    lines=()
    for i in 0 1 2; do lines+=(-e "/^peer ${names[i]} /s/127\.0\.0\.1:${usual[i]}/127.0.0.1:${ports[i]}/"); done
    sed "${lines[@]}" "$config" >"$logs/cluster.conf"
    config=$(realpath "$logs/cluster.conf")
fi
"$weir" check "$config"

# serve NAME PORT: starts a server in a folder of its own, where its archive goes; the films are the repository's.
serve() {
    mkdir -p "$logs/$1"
    ln -sfn "$PWD/media" "$logs/$1/media"
    (cd "$logs/$1" && exec "$weir" serve --config "$config" --hostname "$1" --listen "127.0.0.1:$2" >>"../$1.log" 2>&1) &
}

pids=()
stop() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait "${pids[@]}" 2>/dev/null || true
    echo 'All servers have stopped.'
}
trap stop EXIT
trap 'exit 0' INT TERM

for i in 0 1 2; do
    serve "${names[i]}" "${ports[i]}"
    pids+=($!)
done

for i in 0 1 2; do
    until curl -fs -o /dev/null "http://127.0.0.1:${ports[i]}/streamer/api/v3/monitoring/liveness"; do
        kill -0 "${pids[i]}" 2>/dev/null || {
            echo "${names[i]} did not start:" >&2
            tail -n 20 "$logs/${names[i]}.log" >&2
            exit 1
        }
        sleep 0.1
    done
done

cat <<TXT

Weir runs as a group of three servers on this machine:

  server              console                   process
  ${names[0]}           http://127.0.0.1:${ports[0]}/    ${pids[0]}
  ${names[1]}            http://127.0.0.1:${ports[1]}/    ${pids[1]}
  ${names[2]}   http://127.0.0.1:${ports[2]}/    ${pids[2]}

Watch    http://127.0.0.1:${ports[0]}/cam03/embed.html   (any server, any stream)
         ffplay http://127.0.0.1:${ports[1]}/cam01/index.m3u8
See      http://127.0.0.1:${ports[0]}/#/cluster          (who captures what, and why)
Try      kill -9 ${pids[1]}                            (its streams start on the others)
Logs     $logs/NAME.log

Ctrl-C ends all three.
TXT

# One server may be killed as the text above suggests: the others go on, and it is started again after a while.
while sleep 1; do
    for i in 0 1 2; do
        if ! kill -0 "${pids[i]}" 2>/dev/null; then
            echo "${names[i]} has ended; it returns in $pause seconds."
            sleep "$pause"
            serve "${names[i]}" "${ports[i]}"
            pids[i]=$!
            echo "${names[i]} is back as process ${pids[i]}."
        fi
    done
done
