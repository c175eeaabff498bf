# SPDX-License-Identifier: Apache-2.0
"""A request that is refused leaves no content in the image store."""

from pathlib import Path

import pytest

from sandbox import Place, Sandbox, request, server
from stackwright.engine.errors import InvalidInput
from stackwright.engine.resource import Wish
from stackwright.images import ImageStore


@pytest.mark.parametrize("check", [True, False])
def test_what_a_refused_request_brought_goes_again(place: Place, tmp_path: Path, check: bool) -> None:
    store = tmp_path / "images"
    store.mkdir()
    for name, content in {"kept": b"\1" * 4096, "refused": b"\2" * 4096}.items():
        (tmp_path / name).write_bytes(content)
    with Sandbox(place, images=ImageStore(store)) as cloud:
        cloud.ensure(request(Wish("image", "kept", spec={"src": str(tmp_path / "kept")})))
        before = sorted(store.iterdir())
        wishes = (Wish("image", "new", spec={"src": str(tmp_path / "refused")}), server("web", flavor="nine"))
        with pytest.raises(InvalidInput, match="flavor nine does not exist"):
            cloud.ensure(request(*wishes), check)
        assert sorted(store.iterdir()) == before
