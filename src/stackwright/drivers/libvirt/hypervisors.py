# SPDX-License-Identifier: Apache-2.0
"""What is known of the hypervisors that libvirt has drivers for: which run instances, and what works on them.

docs/hypervisors.md has these tables: `python -m stackwright.drivers.libvirt.hypervisors` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

TESTED, UNTESTED, IMPOSSIBLE = "tested", "untested", "impossible"


class Hypervisor(NamedTuple):
    """One that runs instances. driver: as libvirt calls it. type: as `img_hv_type` of images has it. uri: of HOST."""

    title: str
    driver: str
    type: str
    uri: str


RUN = (
    Hypervisor("KVM", "QEMU", "kvm", "qemu+tls://HOST/system"),
    Hypervisor("QEMU (emulation)", "QEMU", "qemu", "qemu+tls://HOST/system"),
    Hypervisor("LXC", "LXC", "lxc", "lxc+tls://HOST/system"),
)

_SAME = (UNTESTED, TESTED)
WORKS: Mapping[str, tuple[str, str, str]] = {
    "create, start, stop, reboot, delete": (*_SAME, TESTED),
    "image as backing file, one copy for all": (*_SAME, "impossible: what is mounted is a whole copy"),
    "disk as large as the flavor says": (*_SAME, "impossible: its file system stays as large as in the image"),
    "ports, security groups, floating IP": (*_SAME, "tested by ping; TCP needs the kernel's datapath"),
    "config drive": (*_SAME, "untested: the lab's kernel has no ISO 9660"),
    "memory limit": (*_SAME, UNTESTED),
    "change cards and drive while it runs": (*_SAME, "impossible: at the next start"),
    "grow the disk while it runs": (*_SAME, IMPOSSIBLE),
    "ephemeral disk": (*_SAME, "impossible: refused when declared"),
    "console log": (*_SAME, "impossible: libvirt keeps none"),
    "image of an instance": (*_SAME, "impossible: refused"),
    "resize on trial": (*_SAME, "untested: the disk keeps its file system's size"),
    "rebuild": (*_SAME, UNTESTED),
    "shelve": (*_SAME, "impossible: refused"),
    "adopt": (*_SAME, UNTESTED),
    "move to another host": (*_SAME, IMPOSSIBLE),
}
"""For each of `RUN`, in that order."""

_MACHINE = "its guests would need XML of their own: ours are QEMU's machine q35"
NOT: Mapping[str, str] = {
    "Test": "for tests of the engine alone: it has guests but no volumes' content",
    "Xen": _MACHINE,
    "bhyve": _MACHINE,
    "ch": "Cloud Hypervisor; " + _MACHINE,
    "Parallels": "Virtuozzo; " + _MACHINE,
    "ESX": "libvirt cannot make OVN's ports there",
    "hyperv": "libvirt cannot make OVN's ports there",
    "VMware": "libvirt runs it on the machine of a person, and without storage pools",
    "VBOX": "libvirt runs it on the machine of a person, and without storage pools",
    "OPENVZ": "libvirt has no storage for it",
}
"""libvirt's other drivers, and why they run no instances."""


def why_not(driver: str) -> str:
    """Why a host of this driver runs no instances; '' if it does, or takes part in tests."""
    if driver in (*(item.driver for item in RUN), "TEST"):
        return ""
    known = {name.lower(): words for name, words in NOT.items()}
    return f"its hypervisor is {driver}: {known.get(driver.lower(), 'nothing is known of that')}"


def tables() -> Iterator[str]:
    """Both tables, as lines of Markdown."""
    yield "| | " + " | ".join(item.title for item in RUN) + " |"
    yield "|---" * (1 + len(RUN)) + "|"
    yield "| host's `uri` | " + " | ".join(f"`{item.uri}`" for item in RUN) + " |"
    yield "| `img_hv_type` of images | " + " | ".join(f"`{item.type}`" for item in RUN) + " |"
    for what, states in WORKS.items():
        yield f"| {what} | " + " | ".join(states) + " |"
    yield ""
    yield "| libvirt's driver | why it runs no instances |"
    yield "|---|---|"
    for driver, words in NOT.items():
        yield f"| {driver} | {words} |"


if __name__ == "__main__":
    print("\n".join(tables()))
