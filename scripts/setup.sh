#!/usr/bin/env bash
# Installs what is missing: Debian packages, and the label model below .run. A second run changes nothing.
. "$(dirname "$0")/lib.sh"

packages=(
    libhiredis-dev libvips-dev libavformat-dev libavcodec-dev libavfilter-dev libswscale-dev libswresample-dev
    libavutil-dev libclamav-dev libpq-dev libseccomp-dev libssl-dev zlib1g-dev libopencv-dnn-dev libopencv-imgproc-dev
    libopencv-core-dev pkg-config redis-server postgresql-15 clamav ffmpeg libvips-tools unzip zip p7zip-full curl jq
    python3 python3-venv libarchive-tools shellcheck util-linux procps bsdextrautils libfaketime
)

command -v swift >/dev/null || die "no Swift toolchain on PATH; Flotilla builds with Swift 6.3"

missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${#missing[@]} Debian packages"
    # The servers are started by our scripts only: keep Debian from starting its own.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
        trap 'as_root rm -f $policy' EXIT
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

"$ROOT/scripts/fetch-label-model.sh" "$MODEL"
