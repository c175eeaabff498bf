# SPDX-License-Identifier: Apache-2.0
"""What is refused of containers when it is declared."""

import pytest

from sandbox import IMAGE, Sandbox, request, server
from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Wish

FOR_CONTAINERS = {"properties": {"img_hv_type": "lxc"}}


def test_an_image_for_containers_is_raw(cloud: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="image box: containers need a raw file that is a file system"):
        cloud.wish("image", "box", **IMAGE, **FOR_CONTAINERS)


def test_a_container_has_no_ephemeral_disk(cloud: Sandbox) -> None:
    cloud.wish("image", "box", **{**IMAGE, "disk_format": "raw"}, **FOR_CONTAINERS)
    flavor = Wish("flavor", "scratch", spec={"vcpus": 1, "ram": 64, "disk": 1, "ephemeral": 1})
    with pytest.raises(InvalidInput, match="instance box: a container, which image box is for, has no ephemeral disk"):
        cloud.ensure(request(flavor, server("box", image="box", flavor="scratch")))
