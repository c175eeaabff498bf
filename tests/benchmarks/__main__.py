# SPDX-License-Identifier: Apache-2.0
"""`./dev bench`: measures in one run what docs/performance.md promises, and fails when a target is missed.

Medians decide. The figures they are made of are printed too, and how busy the machine was with other things.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import engine, scheduler

HERE = Path(__file__).parent
LAB = Path("/var/lib/stackwright-lab/bench")
IMAGE = Path("/var/cache/stackwright-lab/images/guest.qcow2")
SSH = ("-F", LAB / "ssh_config")
PLAYBOOK = ("ansible-playbook", "-i", "inventories/all-in-one", "-i", LAB / "inventory.yml")
TURNS = 5
FLEETS = (500, 5000)
ROUNDS = 3

Figures = dict[str, list[float]]


def main() -> None:
    """Measure, print, and end with 1 when a target is missed."""
    busy = os.getloadavg()[0]
    say("The engine alone, on memory drivers")
    alone = dict(engine.growth())
    previews = dict(engine.previews())
    strings = {"500 random strings, engine": [engine.random_strings()]}
    say("The scheduler, and many hosts side by side")
    placing = scheduler.figures()
    say("A fleet of 200 simulated hosts")
    fleets = {size: fleet(size) for size in FLEETS}
    say("Ten instances on the node, by the engine and by libvirt")
    for file in (HERE / "node.py", HERE / "ports.py", IMAGE):
        subprocess.run(["scp", "-q", *SSH, file, f"cloud1:/root/{file.name}"], check=True)
    figures = on_node("node.py") | strings
    figures |= placing
    figures |= {f"preview of {size}, engine": seconds for size, seconds in previews.items()}
    say("Whole playbooks")
    figures |= playbooks()
    figures |= stacks()
    say("Ports in OVN")
    ports = on_node("ports.py")
    print_figures(figures, busy)
    print_growth("The engine alone: instances on memory drivers", ("create", "unchanged", "check"), alone)
    print_growth("The engine alone: resources of a stack on memory drivers", ("preview",), previews)
    what = ("create", "unchanged", "drift", "one more", "memory, MiB")
    print_growth("200 hosts of libvirt's test driver and a real OVN database: instances", what, fleets)
    print_growth("Ports in a real OVN over TLS", ("create", "unchanged", "observe and compare"), ports)
    sys.exit(0 if print_targets(figures) else 1)


def fleet(size: int) -> list[float]:
    """What so many instances take, in a process of its own, so that the memory is its own, too."""
    line = [sys.executable, "-m", "benchmarks.fleet", str(size)]
    return list(json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout).values())


def on_node(script: str) -> Any:
    """Run it on the lab's node with the library that is installed there."""
    line: list[str | Path] = ["ssh", *SSH, "cloud1", "/opt/stackwright/bin/python", f"/root/{script}"]
    return json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout)


def playbooks() -> Figures:
    """The ten by one task: made, found unchanged in turn with a playbook that does nothing, and removed."""
    figures = {"create, whole playbook": [played("instances.yml")]}
    played("nothing.yml")
    for _ in range(TURNS):
        figures.setdefault("unchanged, whole playbook", []).append(played("instances.yml"))
        figures.setdefault("a playbook that runs /bin/true", []).append(played("nothing.yml"))
    figures["delete, whole playbook"] = [played("instances.yml", "-e", "state=absent")]
    return figures


def stacks() -> Figures:
    """Ten servers with all around them as a stack, and the same things as one task, in turn."""
    figures: Figures = {}
    played("stack.yml")
    for _ in range(TURNS):
        figures.setdefault("stack unchanged, whole playbook", []).append(played("stack.yml"))
    for _ in range(ROUNDS):
        figures.setdefault("stack deleted, whole playbook", []).append(played("stack.yml", "-e", "state=absent"))
        figures.setdefault("resources created, whole playbook", []).append(played("resources.yml"))
        figures.setdefault("resources deleted, whole playbook", []).append(
            played("resources.yml", "-e", "state=absent")
        )
        figures.setdefault("stack created, whole playbook", []).append(played("stack.yml"))
    played("stack.yml", "-e", "state=absent")
    return figures


def played(name: str, *options: str) -> float:
    """Seconds of a whole run of ansible-playbook."""
    began = time.monotonic()
    subprocess.run([*PLAYBOOK, HERE / name, *options], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def print_figures(figures: Figures, busy: float) -> None:
    """Every single one, and the medians."""
    now = os.getloadavg()[0]
    print(f"\nSeconds, on {os.cpu_count()} processors; load average {busy:.1f} before and {now:.1f} after")
    for name, seconds in figures.items():
        print(f"  {name:42}{median(seconds):9.3f}   of {' '.join(f'{item:.2f}' for item in seconds)}")


def print_growth(title: str, names: tuple[str, ...], sizes: dict[Any, list[float]]) -> None:
    """A line for each number of things."""
    print(f"\n{title}, seconds\n{'':>8}{''.join(f'{name:>21}' for name in names)}")
    for size, seconds in sizes.items():
        print(f"{size:>8}{''.join(f'{item:21.2f}' for item in seconds)}")


def print_targets(figures: Figures) -> bool:
    """What is compared, and whether all of it is good enough."""
    targets = (
        ("Ten instances created, as four libvirt threads do", "create, engine", "create, libvirt, 4 threads", 1.5),
        ("Ten instances deleted, as ten libvirt threads do", "delete, engine", "delete, libvirt, 10 threads", 1.3),
        ("Nothing changed, as /bin/true", "unchanged, whole playbook", "a playbook that runs /bin/true", 3.0),
        (
            "A stack of ten servers created, as by one task",
            "stack created, whole playbook",
            "resources created, whole playbook",
            1.25,
        ),
        ("64 instances on 16 hosts, as 4 on one", *scheduler.SIDES, 1.3),
    )
    print(f"\n{'':52}{'ours':>8}{'theirs':>8}{'ratio':>8}{'at most':>9}")
    good = True
    for title, ours, theirs, most in targets:
        mine, other = median(figures[ours]), median(figures[theirs])
        good = mine <= most * other and good
        verdict = "reached" if mine <= most * other else "MISSED"
        print(f"{title:52}{mine:8.2f}{other:8.2f}{mine / other:8.2f}{most:9.2f}  {verdict}")
    limits = (
        ("A stack of ten servers found unchanged, as a whole", "stack unchanged, whole playbook", 2.0),
        ("A stack of ten servers deleted, as a whole", "stack deleted, whole playbook", 4.0),
        ("A stack of 500 random strings, by the engine", "500 random strings, engine", 2.0),
        ("A preview of 1,000 resources, by the engine", "preview of 1000, engine", 2.0),
        ("A preview of 10,000 resources, by the engine", "preview of 10000, engine", 25.0),
        ("A placement among 1,000 hosts", "a placement, 1000 hosts", 0.005),
        ("1,000 like placements in one transaction, 1,000 hosts", "1000 like placements, 1000 hosts", 3.0),
        ("1,000 like placements in one transaction, 10,000 hosts", "1000 like placements, 10000 hosts", 20.0),
    )
    for title, name, most in limits:
        mine = median(figures[name])
        good = mine <= most and good
        print(f"{title:55}{mine:8.3f}{'':13}{most:9.3f}  {'reached' if mine <= most else 'MISSED'}")
    return good


def say(words: str) -> None:
    """Tell people what goes on."""
    print(f"\n==> {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
