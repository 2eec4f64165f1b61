#!/usr/bin/env bash
# Installs what Weir needs beside the Swift toolchain, and only what is missing.
#   install-dependencies.sh build        what building and running needs
#   install-dependencies.sh test         … and what the tests need as well
#   install-dependencies.sh bench        … and what the benchmarks compare against
# Run as root or with sudo at hand.
set -euo pipefail

purpose=${1:-build}
packages=(libsqlite3-dev zlib1g-dev curl)
case $purpose in
build) ;;
test) packages+=(ffmpeg faketime openssl iproute2 vlc-bin vlc-plugin-base mpv gstreamer1.0-tools gstreamer1.0-plugins-base
    gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav chromium chromium-driver) ;;
bench) packages+=(ffmpeg nginx-light libnginx-mod-rtmp wrk gcc libc6-dev sqlite3 python3) ;;
*)
    echo "install-dependencies.sh: unknown purpose '$purpose'; one of: build, test, bench" >&2
    exit 2
    ;;
esac

if ! command -v swift >/dev/null; then
    echo "Weir needs the Swift toolchain, version 6.2 or later, on PATH: see https://www.swift.org/install" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "These packages are missing and installing them needs root or sudo: ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
