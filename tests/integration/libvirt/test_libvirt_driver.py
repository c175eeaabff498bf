# SPDX-License-Identifier: Apache-2.0
"""What the driver promises, on a real libvirtd with real guests."""

from hypervisor import Cloud, domain_of

from stackwright.engine.objects import Action


def test_an_instance_is_made_and_a_second_look_finds_nothing_to_do(cloud: Cloud) -> None:
    wanted = cloud.instance(cloud.image())
    made = cloud.converge(wanted)
    assert {change.action for change in made} == {Action.CREATE}
    assert cloud.daemon.virsh("domstate", domain_of(wanted).name) == "running"
    assert cloud.differences(wanted) == []
