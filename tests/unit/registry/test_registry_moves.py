# SPDX-License-Identifier: Apache-2.0
"""A registry moves from each database to the other, whole, once, and while nobody is at work."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from sandbox import Place, Sandbox, flaws, portrait, request, server
from stackwright.cli import main
from stackwright.config import VARIABLE, Config, watched
from stackwright.engine.errors import Conflict, InvalidInput, Temporary
from stackwright.engine.resource import Wish
from stackwright.registry import moving, schema
from stackwright.registry.database import Registry
from stackwright.registry.leases import Run


@pytest.fixture
def settings(moving_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a controller whose registry is that of `moving_place`."""
    path = tmp_path / "stackwright.yaml"
    path.write_text(f"# Ansible managed\nregistry_url: {moving_place.url}\nmtu: 1300\n")
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def _rows(url: str) -> dict[str, set[str]]:
    registry = Registry(url)
    with registry.engine.connect() as connection:
        found = {
            table.name: {str(dict(row)) for row in connection.execute(sa.select(table)).mappings()}
            for table in moving.TABLES
        }
    registry.close()
    return found


def test_everything_moves_and_the_cloud_goes_on(
    moving_place: Place, empty_url: str, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(moving_place) as before:
        assert before.ensure(request(server("one", floating_ip="public"))).errors == []
        seen, rows = portrait(before), _rows(moving_place.url)
    assert main(["registry", "migrate", empty_url]) == 0
    words, changed = capsys.readouterr().out.splitlines()
    assert changed == "changed"
    assert "hidden" not in words
    assert _rows(empty_url) == rows
    assert Config.load(settings).registry_url == empty_url
    assert settings.read_text().startswith("# Ansible managed\nregistry_url: ")
    assert Config.load(settings).mtu == 1300
    assert settings.stat().st_mode & 0o777 == 0o600
    with Sandbox(Place(empty_url, moving_place.world)) as after:
        assert portrait(after) == seen
        assert not after.ensure(request(server("one", floating_ip="public"))).changed
        last = max(event["id"] for event in after.events())
        assert after.ensure(request(server("two"))).errors == []
        assert min(event["id"] for event in after.events(after=last)) == last + 1
        assert flaws(after) == []
    assert main(["registry", "migrate", empty_url]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "unchanged"


def test_the_old_file_is_kept_under_a_name_that_says_so(furnished: Place, postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite"
    file.write_bytes(Path(sa.make_url(furnished.url).database or "").read_bytes())
    old, new = Registry(f"sqlite:///{file}"), Registry(postgres_url)
    rows = _rows(old.url)
    moving.move(old, new, lambda: None, lambda line: None)
    kept = Path(moving.finish(old, new))
    assert kept.name.startswith("registry.sqlite.moved-")
    assert [path.name for path in tmp_path.glob("registry.sqlite*")] == [kept.name]
    assert _rows(f"sqlite:///{kept}") == rows
    new.close()


def test_check_changes_nothing(
    moving_place: Place, empty_url: str, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _rows(moving_place.url)
    assert main(["registry", "migrate", empty_url, "--check"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "changed"
    assert Config.load(settings).registry_url == moving_place.url
    assert _rows(moving_place.url) == before
    target = Registry(empty_url)
    moving._is_free(target)
    path = sa.make_url(empty_url).database or ""
    assert not (target.is_sqlite and Path(path).exists())
    target.close()


def _try(place: Place, url: str) -> int:
    source, target = Registry(place.url), moving.open_target(url)
    try:
        return moving.move(source, target, _never, lambda line: None)
    finally:
        source.close()
        target.close()


def _never() -> None:
    raise AssertionError("switched")


def test_nobody_is_at_work_meanwhile(moving_place: Place, empty_url: str) -> None:
    registry = Registry(moving_place.url)
    run = Run(registry, "me: instance one")
    registry.write(lambda txn: run.acquire(txn, ["one"]))
    with pytest.raises(Temporary, match=r"me: instance one \(pid \d+, run \S+\) is at work; run this again"):
        _try(moving_place, empty_url)
    run.release()
    registry.close()


def test_a_target_that_is_in_use_stays_as_it_is(
    moving_place: Place, empty_url: str, new_place: Callable[[], Place]
) -> None:
    other = new_place()
    before = _rows(other.url)
    with pytest.raises(Conflict, match="holds a registry already; name an empty database"):
        _try(moving_place, other.url)
    assert _rows(other.url) == before
    target = Registry(empty_url)
    with target.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE zoo (animal TEXT)"))
    with pytest.raises(Conflict, match="has a table zoo, which is not ours"):
        _try(moving_place, empty_url)
    target.close()


def test_who_waited_to_write_is_told_and_writes_nothing(moving_place: Place, empty_url: str, settings: Path) -> None:
    from stackwright.config import name_registry

    late = Sandbox(moving_place)
    _, late.registry.in_force = watched(settings)
    ended: list[str] = []

    def declare() -> None:
        try:
            late.ensure(request(Wish("network", "late")))
        except Temporary as error:
            ended.append(str(error))

    waiting = threading.Thread(target=declare)

    def switch() -> None:
        waiting.start()  # it may wait for the lock from now on, and gets it after the switch
        name_registry(settings, empty_url)

    source, target = Registry(moving_place.url), Registry(empty_url)
    before = _rows(moving_place.url)
    moving.move(source, target, switch, lambda line: None)
    waiting.join()
    assert ended == ["the registry was moved to another database meanwhile; run this again"]
    assert _rows(moving_place.url) == before
    late.close()
    source.close()
    target.close()


def test_a_copy_that_differs_is_found(moving_place: Place, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = moving._copy

    def spoil(table: str, statement: str) -> None:
        def spoilt(source: sa.Connection, target: moving.Transaction, tell: Callable[[int], None]) -> None:
            copy(source, target, tell)
            target.connection.execute(sa.text(statement))

        monkeypatch.setattr(moving, "_copy", spoilt)
        with pytest.raises(Conflict, match=f"table {table} .*; the old one stays"):
            _try(moving_place, empty_url)

    spoil("event", "DELETE FROM event WHERE id = 1")
    spoil("resource", "UPDATE resource SET updated_at = updated_at + 0.001 WHERE name = 'net'")
    spoil("reference", "UPDATE reference SET target = source WHERE target = (SELECT min(target) FROM reference)")


def test_what_does_not_fit_is_told(furnished: Place, postgres_url: str, tmp_path: Path) -> None:
    from sandbox import copy

    place = copy(furnished, tmp_path / "long")
    registry = Registry(place.url)
    with registry.engine.begin() as connection:
        connection.execute(sa.update(schema.resource).where(schema.resource.c.name == "net").values(label="x" * 300))
    with pytest.raises(InvalidInput, match=r"table resource does not fit into the new database \(value too long"):
        _try(place, postgres_url)
    registry.close()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://me:pw@host/db", "sqlite:///relative", "sqlite://"])
def test_a_target_that_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="this is no URL of a registry; write it as") as caught:
        moving.open_target(url)
    assert "pw" not in str(caught.value)


def test_a_password_is_no_argument(
    settings: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("postgresql://me:hunter2@127.0.0.1:1/db", "postgresql://127.0.0.1:1/db?password=hunter2"):
        assert main(["registry", "migrate", url]) == 1
        refused = capsys.readouterr().err
        assert "can see a password that is an argument" in refused
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{url}\n"))
        assert main(["registry", "migrate", "-"]) == 1
        refused += capsys.readouterr().err
        assert "127.0.0.1:1/db does not answer" in refused or "names password among its options" in refused
        assert "hunter2" not in refused
