#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Build the test image for containers from Debian's busybox: a file system in a file.
# usage: container.sh OUTPUT
set -euo pipefail

output=$1
work=$(mktemp -d "$output.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,dev,etc,proc,root,run,sbin,sys,tmp,var/lib/cloud/seed}
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download busybox-static)
dpkg-deb --fsys-tarfile "$work"/busybox-static_*.deb | tar -x -C "$root" ./bin/busybox
for applet in $("$root/bin/busybox" --list | grep -vx busybox); do ln -s /bin/busybox "$root/bin/$applet"; done
install -m 755 /dev/stdin "$root/sbin/init" <<'INIT'
#!/bin/sh
# A container's whole system: its address by DHCP, until it is told to stop.
trap 'exit 0' TERM
ip link set lo up
ip link set eth0 up
udhcpc -i eth0 -b -S -s /etc/lease
while :; do sleep 1; done
INIT
install -m 755 /dev/stdin "$root/etc/lease" <<'LEASE'
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr replace "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route replace default via "$router"
LEASE
truncate -s 16M "$work/image"
mke2fs -q -t ext4 -d "$root" "$work/image"
mv "$work/image" "$output"
