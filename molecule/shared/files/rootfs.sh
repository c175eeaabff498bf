#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the root file system that lab nodes stand on, once for each set of inputs, and prints its path.
#   rootfs.sh CACHE NAME PACKAGE...
# Nodes are of this machine's own release and use its package sources, certificates and pip settings, so that
# installing works in them as it works here.
set -euo pipefail

cache=$1 name=$2
shift 2
packages=("$@")

# Copied into the nodes. Their content is part of the cache's key.
settings=(/etc/apt /etc/pip.conf /usr/local/share/ca-certificates)
personal_pip=${HOME:-/root}/.config/pip/pip.conf
# Would hold apt's lock or a console that nobody watches, or wait at shutdown (cgroup v1 sends a session no
# notice that it is empty).
masked=(apt-daily.timer apt-daily-upgrade.timer console-getty.service user@.service user-runtime-dir@.service)

existing() {
  local path
  for path in "$@"; do [ -e "$path" ] && printf '%s\n' "$path"; done
  true
}

key() {
  {
    cat "$0"
    printf '%s\n' "${packages[@]}"
    existing "${settings[@]}" "$personal_pip" /etc/os-release |
      xargs -d '\n' -I{} find -L {} -type f -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-16
}

install_packages() { # ROOT
  local codename sources
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mapfile -t sources < <(existing /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources})
  mmdebstrap --quiet --variant=minbase --include="$(IFS=, && echo "${packages[*]}")" \
    "$codename" "$1" "${sources[@]}" >&2
}

copy_settings() { # ROOT
  local path
  for path in $(existing "${settings[@]}"); do
    rm -rf "${1:?}$path"
    cp -a "$path" "$1$path"
  done
  cp -an /usr/share/keyrings/. "$1/usr/share/keyrings/"
  if [ -e "$personal_pip" ]; then install -D -m 644 "$personal_pip" "$1/root/.config/pip/pip.conf"; fi
  chroot "$1" update-ca-certificates >&2
}

# What a node must not inherit, and what makes it stop at once.
settle() { # ROOT
  rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname" "$1/etc/machine-id" "$1"/var/cache/apt/archives/*.deb
  : >"$1/etc/machine-id"
  # They are empty: Ansible's module apt would take them for fresh ones for as long as they look young.
  touch --date=@0 "$1/var/lib/apt/lists"
  systemctl --quiet --root="$1" mask "${masked[@]}"
  install -D -m 644 /dev/stdin "$1/etc/systemd/system.conf.d/lab.conf" <<<$'[Manager]\nDefaultTimeoutStopSec=10s'
  writable_cgroups "$1"
  disable_services "$1"
}

# On cgroup v1 systemd-nspawn mounts the node's own cgroups read-only; libvirt needs to write them.
writable_cgroups() { # ROOT
  install -D -m 644 /dev/stdin "$1/etc/systemd/system/lab-cgroups.service" <<'UNIT'
[Unit]
Description=Make the node's own cgroups writable
DefaultDependencies=no
Before=sysinit.target
ConditionPathIsReadWrite=!/sys/fs/cgroup/cpu

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for group in /sys/fs/cgroup/*/; do mount -o remount,bind,rw $group || :; done'

[Install]
WantedBy=sysinit.target
UNIT
  systemctl --quiet --root="$1" enable lab-cgroups.service
}

# A baked package's service stays off until a role enables it, as it would on a host without the package.
disable_services() { # ROOT
  local unit units=()
  for unit in "$1"/etc/systemd/system/*.{wants,requires}/*.{service,socket,timer}; do
    case ${unit##*/} in
      ssh.service | lab-cgroups.service | getty@* | '*'*) ;;
      *) units+=("${unit##*/}") ;;
    esac
  done
  if [ ${#units[@]} -gt 0 ]; then systemctl --quiet --root="$1" disable "${units[@]}" >&2; fi
}

target=$cache/rootfs/$name-$(key)
mkdir -p "$cache/rootfs"
exec 9>"$cache/rootfs/.lock"
flock 9
if [ ! -d "$target" ]; then
  rm -rf "$target.part"
  install_packages "$target.part"
  copy_settings "$target.part"
  settle "$target.part"
  mv "$target.part" "$target"
fi
echo "$target"
