#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The networks of a lab: a bridge each for management (m), tunnels (t) and the outside (x). This machine is the
# gateway of the first and the last, and translates the addresses of what leaves through it.
#   network.sh up|down INDEX        prints "changed" or "unchanged"
set -euo pipefail

action=$1 index=$2
table=stackwright_lab_$index
management=10.99.$index external=172.24.$((4 + index))

exists() { ip link show dev "$1" >/dev/null 2>&1; }

add_bridge() { # NAME [ADDRESS]
  if exists "$1"; then return; fi
  ip link add "$1" type bridge
  if [ -n "${2-}" ]; then ip address add "$2" dev "$1"; fi
  # The nodes' userspace datapath drops packets whose checksum was left to a network card.
  ethtool --offload "$1" tx off >/dev/null
  ip link set "$1" up
  state=changed
}

add_translation() {
  if nft list table ip "$table" >/dev/null 2>&1; then return; fi
  nft -f - <<RULES
table ip $table {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr { $management.0/24, $external.0/24 } oifname != "sw${index}*" masquerade
  }
}
RULES
  state=changed
}

up() {
  add_bridge "sw${index}m" "$management.1/24"
  add_bridge "sw${index}t"
  add_bridge "sw${index}x" "$external.1/24"
  add_translation
  if [ "$(sysctl -n net.ipv4.ip_forward)" = 1 ]; then return; fi
  sysctl -q -w net.ipv4.ip_forward=1
  state=changed
}

down() {
  local letter
  for letter in m t x; do
    if ! exists "sw$index$letter"; then continue; fi
    ip link delete "sw$index$letter"
    state=changed
  done
  if ! nft list table ip "$table" >/dev/null 2>&1; then return; fi
  nft delete table ip "$table"
  state=changed
}

state=unchanged
"$action"
echo "$state"
