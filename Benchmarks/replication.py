# What happens while a server fetches an archive that it lacks, started by scripts/bench-replication.sh with the ports of both servers:
# replication.py limit ONE TWO BYTES_A_SECOND: how well it keeps to a limit for all streams together.
# replication.py whole ONE TWO PID_ONE PID_TWO FOLDER: how fast it is without one, from the moment that it is told to replicate.
import os
import signal
import socket
import struct
import sys
import threading
import time
import urllib.request

one, two = map(int, sys.argv[2:4])
FETCHED = 'weir_replication_fetched_bytes_total'
REMAINING = 'weir_replication_remaining_bytes'


def metric(name):
    text = urllib.request.urlopen(f'http://127.0.0.1:{two}/metrics', timeout=60).read().decode()
    return sum(float(line.rsplit(' ', 1)[1]) for line in text.splitlines() if line.startswith(name + '{'))


def ticks(pid):
    fields = open(f'/proc/{pid}/stat').read().rsplit(') ', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def follow(port, name, arrivals, stop):
    """When each fragment of the first track came, by its decode time."""
    link = socket.create_connection(('127.0.0.1', port))
    link.settimeout(10)
    link.sendall(f'GET /{name}/live.mp4?tracks=1 HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
    data, headed = b'', False
    while not stop.is_set():
        some = link.recv(1 << 18)
        if not some:
            sys.exit(f'the viewer of {name} on port {port} was closed')
        data += some
        now = time.monotonic()
        if not headed:
            if b'\r\n\r\n' not in data:
                continue
            if b' 200 ' not in data[:20]:
                sys.exit(f'{name} on port {port}: {data[:80]!r}')
            data, headed = data.split(b'\r\n\r\n', 1)[1], True
        while len(data) >= 8:
            size, kind = struct.unpack('>I4s', data[:8])
            if len(data) < size:
                break
            if kind == b'moof':
                at = data.index(b'tfdt')
                arrivals[struct.unpack('>Q', data[at + 8:at + 16])[0]] = now
            data = data[size:]


def delays(during):
    """How much later chunks come from the second server than from the first while `during` runs, in ms, sorted."""
    stop, seen, threads = threading.Event(), [], []
    for number in range(1, 51, 5):
        pair = ({}, {})
        seen.append(pair)
        for port, arrivals in zip((one, two), pair):
            threads.append(threading.Thread(target=follow, args=(port, f'live{number}', arrivals, stop), daemon=True))
    for thread in threads:
        thread.start()
    during()
    stop.set()
    for thread in threads:
        thread.join()
    # The first two seconds are the backlog, which both give at once.
    return sorted((b[t] - a[t]) * 1000 for a, b in seen for t in sorted(set(a) & set(b))[10:])


def told(name, values):
    if not values:
        sys.exit(f'{name}: no chunk came from both servers')
    pick = lambda share: values[min(len(values) - 1, int(len(values) * share))]
    print(f'chunk delay of live streams over one hop, {name}: median {pick(0.5):.1f} ms, p99 {pick(0.99):.1f} ms, '
          f'worst {values[-1]:.1f} ms of {len(values)}', flush=True)


def wait(what, condition):
    end = time.monotonic() + 120
    while not condition():
        if time.monotonic() > end:
            sys.exit(f'two minutes went by without {what}')
        time.sleep(0.1)


def limit(wanted):
    wait('anything fetched', lambda: metric(FETCHED) > 0)
    begin, was = time.monotonic(), metric(FETCHED)
    time.sleep(40)
    rate = (metric(FETCHED) - was) / (time.monotonic() - begin)
    print(f'replication_speed {wanted / 1e6:.2f} MB/s for all streams: {rate / 1e6:.2f} MB/s, {(rate / wanted - 1) * 100:+.1f} %',
          flush=True)


def whole(first, second, folder):
    def fetch():
        file = f'{folder}/two.conf'
        text = open(file).read()
        open(file, 'w').write(text.replace(' 1d;', ' 1d replicate;'))
        begin, cpu = time.monotonic(), (ticks(first), ticks(second))
        os.kill(second, signal.SIGHUP)
        moved, last = begin, 0
        while True:
            time.sleep(0.3)
            now = metric(FETCHED)
            if now > last:
                moved, last = time.monotonic(), now
            # Done when nothing is left, and nothing has come for a while.
            if last > 0 and time.monotonic() - moved > 3 and metric(REMAINING) == 0:
                break
            if time.monotonic() - moved > 60:
                sys.exit('for a minute nothing has been fetched, and something is left')
        seconds = moved - begin
        used = [now - then for now, then in zip((ticks(first), ticks(second)), cpu)]
        open(f'{folder}/rate', 'w').write(str(last / seconds))
        print(f'fetched {last / 1e9:.2f} GB in {seconds:.1f} s: {last / seconds / 1e6:.0f} MB/s; CPU seconds per GB with 50 live '
              f'streams: giving {used[0] / last * 1e9:.2f}, fetching {used[1] / last * 1e9:.2f}', flush=True)

    told('idle', delays(lambda: time.sleep(20)))
    told('while it fetches', delays(fetch))


if sys.argv[1] == 'limit':
    limit(float(sys.argv[4]))
else:
    whole(int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
