#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One line for each node of each lab on this machine: lab, node, whether it runs, and the way in.
set -euo pipefail

shopt -s nullglob
for directory in /var/lib/stackwright-lab/*/nodes/*; do
  IFS=/ read -r _ _ _ _ lab _ node <<<"$directory"
  state=stopped
  if [ -n "$(ip netns pids "$lab-$node" 2>/dev/null)" ]; then state=running; fi
  printf '%-12s %-10s %-8s ssh -F /var/lib/stackwright-lab/%s/ssh_config %s\n' "$lab" "$node" "$state" "$lab" "$node"
done
