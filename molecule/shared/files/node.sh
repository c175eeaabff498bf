#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One lab node: systemd-nspawn over an overlay of a root file system, with three NICs in a network namespace.
#   node.sh up   LAB INDEX NODE DIRECTORY CACHE NUMBER ROOTFS   prints "changed" or "unchanged"
#   node.sh down LAB INDEX NODE DIRECTORY CACHE                 keeps the packages that the node downloaded
# DIRECTORY (<lab>/nodes/<node>) holds upper, work, root, log and boot, which boots the node again. CACHE/apt holds
# packages for all nodes. NUMBER is the last byte of the node's addresses.
set -euo pipefail

action=$1 index=$3 node=$4 directory=$5 cache=$6 number=${7-} rootfs=${8-}
name=$2-$node                 # of the network namespace and of the machine
group=stackwright-$name       # of its cgroups, or of its unit where systemd runs
lab_directory=$(dirname "$(dirname "$directory")")
machined=/usr/share/dbus-1/system-services/org.freedesktop.machine1.service

supervisor() { pgrep -f -- "^([^ ]*/)?systemd-nspawn .*--machine=$name "; }
running() { supervisor >/dev/null && [ -e "/run/netns/$name" ] && [ -n "$(ip netns pids "$name")" ]; }

# --- down ---------------------------------------------------------------------------------------------------

processes() {
  if [ -e "/run/netns/$name" ]; then ip netns pids "$name"; fi
  supervisor || true
}

kill_processes() {
  local pids attempt
  for attempt in $(seq 600); do
    pids=$(processes)
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086 # one argument for each process
    kill -KILL $pids 2>/dev/null || true
    sleep 0.1
  done
  echo "node $name: processes $pids do not end (attempt $attempt); look at them with ps" >&2
  return 1
}

unmount() {
  local attempt
  for attempt in $(seq 600); do
    mountpoint -q "$directory/root" || return 0
    umount "$directory/root" 2>/dev/null || sleep 0.1
  done
  echo "node $name: $directory/root is busy (attempt $attempt); find its user with fuser -m" >&2
  return 1
}

keep_packages() {
  mkdir -p "$cache/apt"
  find "$directory/upper/var/cache/apt/archives" -maxdepth 1 -name '*.deb' -exec cp -aln -t "$cache/apt" {} + \
    2>/dev/null || true
}

down() {
  kill_processes
  if [ -d /run/systemd/system ]; then systemctl --quiet stop "$group.service" 2>/dev/null || true; fi
  unmount
  if [ -e "/run/netns/$name" ]; then ip netns delete "$name"; fi
  find /sys/fs/cgroup -depth -type d '(' -name "$group" -o -path "*/$group/*" ')' -exec rmdir {} + 2>/dev/null || true
  keep_packages
  rm -rf "$directory"
}

# --- up -----------------------------------------------------------------------------------------------------

add_nic() { # NIC BRIDGE-LETTER
  local outside=sw$index$2$number
  ip link add "$outside" type veth peer name "$1" netns "$name"
  ip link set "$outside" master "sw$index$2" up
  ip -n "$name" link set "$1" up
}

add_network() {
  local letter
  for letter in m t x; do # those of a run that was killed here
    ip link delete "sw$index$letter$number" 2>/dev/null || true
  done
  ip netns add "$name"
  ip -n "$name" link set lo up
  add_nic eth0 m
  add_nic eth1 t
  add_nic eth2 x # no address: it becomes a port of the external bridge
  ip -n "$name" address add "10.99.$index.$number/24" dev eth0
  ip -n "$name" address add "10.99.$((100 + index)).$number/24" dev eth1
  ip -n "$name" route add default via "10.99.$index.1"
}

add_files() {
  local root=$directory/root resolver=/run/systemd/resolve/resolv.conf
  local archives=$directory/upper/var/cache/apt/archives
  mkdir -p "$directory"/{work,root} "$archives" "$cache/apt"
  find "$cache/apt" -name '*.deb' -exec cp -al -t "$archives" {} + # before the overlay is in use
  mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$directory/upper,workdir=$directory/work" "$root"
  [ -e "$resolver" ] || resolver=/etc/resolv.conf
  cp --remove-destination "$(realpath "$resolver")" "$root/etc/resolv.conf"
  echo "$node" >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n10.99.%s.%s %s\n' "$index" "$number" "$node" >"$root/etc/hosts"
  ssh-keygen -q -t ed25519 -N '' -C "$node" -f "$root/etc/ssh/ssh_host_ed25519_key"
  install -D -m 600 "$lab_directory/id_ed25519.pub" "$root/root/.ssh/authorized_keys"
  # No machine of this node's containers is known to a machined that runs in a container itself, and libvirt insists.
  # Its package may be there already, or come with libvirt's.
  ln -sf /dev/null "$root/etc/systemd/system/systemd-machined.service"
  rm -f "$root/$machined"
  echo "path-exclude=$machined" >"$root/etc/dpkg/dpkg.cfg.d/no-machined"
  echo "$rootfs" >"$directory/rootfs"
}

# The node may set what concerns its own network: libvirt and routing need that.
# Own cgroups let the node's systemd and libvirt set limits. Where systemd runs, it delegates a unit's.
write_boot() {
  cat >"$directory/boot" <<BOOT
#!/usr/bin/env bash
# Boots node $name. Run it again after the node was powered off.
# Entered first, so that the node's /sys shows its own NICs and not this machine's.
machine=(nsenter --net=/run/netns/$name systemd-nspawn --quiet --register=no --keep-unit --directory="$directory/root"
  --machine=$name --hostname=$node --network-namespace-path=/run/netns/$name
  --resolv-conf=off --timezone=off --capability=all --bind=/dev/net/tun)
# Containers mount their files through loop devices, and libvirt shows them their limits through FUSE.
for device in /dev/kvm /dev/fuse /dev/loop-control /dev/loop[0-9]*; do
  [ -e "\$device" ] && machine+=("--bind=\$device")
done
machine+=(--boot)
if [ -d /run/systemd/system ]; then
  exec systemd-run --quiet --collect --unit=$group --property=Delegate=yes --property=TimeoutStopSec=5 \\
    --setenv=SYSTEMD_NSPAWN_API_VFS_WRITABLE=network \\
    --property="StandardOutput=append:$directory/log" --property=StandardError=inherit "\${machine[@]}"
fi
for tree in /sys/fs/cgroup/*/cgroup.procs; do
  tree=\${tree%/*}
  mkdir -p "\$tree/$group"
  if [ -e "\$tree/cpuset.cpus" ]; then
    for file in cpuset.cpus cpuset.mems; do cat "\$tree/\$file" >"\$tree/$group/\$file"; done
  fi
  echo \$\$ >"\$tree/$group/cgroup.procs"
done
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
exec "\${machine[@]}"
BOOT
}

up() {
  if running && [ "$(cat "$directory/rootfs" 2>/dev/null)" = "$rootfs" ]; then
    echo unchanged
    return
  fi
  down
  mkdir -p "$directory"
  add_network
  add_files
  write_boot
  setsid --fork bash "$directory/boot" </dev/null >"$directory/log" 2>&1
  echo changed
}

"$action"
