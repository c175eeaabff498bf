# SPDX-License-Identifier: Apache-2.0
"""Copies of OVN's databases: a server starts with one and holds the very same rows."""

from pathlib import Path

import pytest

from stackwright.drivers.ovn.dump import dump
from stackwright.engine.errors import Unreachable

from .conftest import Ovn


def test_a_server_goes_on_from_a_copy(ovn: Ovn, tmp_path: Path) -> None:
    ovn.nbctl("ls-add", "kept")
    before = ovn.nbctl("--bare", "--columns=_uuid,name", "list", "Logical_Switch")
    dump("OVN_Northbound", ovn.northbound, None, tmp_path / "copy")
    ovn.nbctl("ls-del", "kept")
    ovn.stop("nb")
    (tmp_path / "copy").replace(ovn.folder / "nb.db")
    ovn.start("nb")
    assert ovn.nbctl("--bare", "--columns=_uuid,name", "list", "Logical_Switch") == before


def test_a_database_that_does_not_answer_is_told(ovn: Ovn, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"OVN northbound database at .* could not be copied"):
        dump("OVN_Northbound", ovn.southbound, None, tmp_path / "copy")
    ovn.stop("sb")
    with pytest.raises(Unreachable, match=r"OVN southbound database at .* is missing; run the roles"):
        dump("OVN_Southbound", ovn.southbound, None, tmp_path / "copy")
