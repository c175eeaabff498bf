# SPDX-License-Identifier: Apache-2.0
"""The page of hypervisors says what the driver says."""

from pathlib import Path

from stackwright.drivers.libvirt.hypervisors import NOT, RUN, WORKS, tables, why_not

PAGE = Path(__file__).parents[3] / "docs" / "hypervisors.md"


def test_the_page_has_the_tables_of_the_driver() -> None:
    told = "paste what `python -m stackwright.drivers.libvirt.hypervisors` prints"
    assert "\n".join(tables()) in PAGE.read_text(), told


def test_everything_is_said_of_every_hypervisor() -> None:
    states = {state.partition(",")[0].partition(":")[0].partition(" ")[0] for row in WORKS.values() for state in row}
    assert states == {"tested", "untested", "impossible"}
    assert all(len(row) == len(RUN) for row in WORKS.values())


def test_a_driver_runs_instances_or_it_is_said_why_not() -> None:
    assert [why_not(item.driver) for item in RUN] == [""] * len(RUN)
    assert why_not("Xen").startswith("its hypervisor is Xen: its guests would need XML")
    assert all(why_not(driver) for driver in NOT if driver != "Test")
    assert why_not("new") == "its hypervisor is new: nothing is known of that"
