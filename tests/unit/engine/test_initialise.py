# SPDX-License-Identifier: Apache-2.0
"""What every cloud starts with is made once; from then on it is its owner's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sandbox import Place, Sandbox
from stackwright.cloud import FLAVORS, FLAVORS_SETTING
from stackwright.engine.request import Request, Result
from stackwright.registry import migrate, schema


@pytest.fixture
def cloud(new_place: Callable[[], Place]) -> Iterator[Sandbox]:
    with Sandbox(new_place()) as opened:
        yield opened


def flavors(cloud: Sandbox) -> set[str]:
    return {row.name for row in cloud.find("flavor")}


def migrating(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a library that has a newer schema."""
    monkeypatch.setattr(migrate, "migrate", lambda registry: True)


def test_the_description_of_the_default_project_is_its_owners(cloud: Sandbox) -> None:
    assert cloud.one("project", "default").spec["description"] == "Default project"
    cloud.wish("project", "default", description="Ours")
    assert cloud.initialise() is False
    assert cloud.one("project", "default").spec["description"] == "Ours"
    assert not cloud.wish("project", "default", description="Ours").changed


def test_a_deleted_flavor_stays_deleted(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.drop("flavor", "m1.xlarge")
    cloud.wish("project", "default", description="Ours")
    migrating(monkeypatch)
    assert cloud.initialise() is True
    assert flavors(cloud) == FLAVORS.keys() - {"m1.xlarge"}


def test_a_deleted_flavor_stays_deleted_in_a_cloud_that_an_older_library_made(
    cloud: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.drop("flavor", "m1.xlarge")
    with cloud.registry.engine.begin() as connection:
        connection.execute(sa.delete(schema.setting).where(schema.setting.c.key == FLAVORS_SETTING))
    migrating(monkeypatch)
    cloud.initialise()
    assert flavors(cloud) == FLAVORS.keys() - {"m1.xlarge"}


@pytest.mark.parametrize("survived", [0, 1])
def test_a_run_that_was_killed_leaves_the_rest_to_the_next(
    registry_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """Before the project was declared, and before the flavors were."""
    done: list[Result] = []

    def killed(cloud: Sandbox, request: Request) -> Result:
        if len(done) == survived:
            raise KeyboardInterrupt
        done.append(ensure(cloud, request))
        return done[-1]

    ensure = Sandbox.ensure
    with Sandbox(Place(registry_url, tmp_path / "world.sqlite")) as cloud:
        with monkeypatch.context() as patched:
            patched.setattr(Sandbox, "ensure", killed)
            with pytest.raises(KeyboardInterrupt):
                cloud.initialise()
        assert cloud.initialise() is True
        assert flavors(cloud) == FLAVORS.keys()
        assert cloud.one("project", "default").spec["description"] == "Default project"
        assert cloud.initialise() is False
