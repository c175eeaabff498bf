# SPDX-License-Identifier: Apache-2.0
"""Which URLs may name a registry."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from stackwright.cli import main
from stackwright.engine.errors import InvalidInput
from stackwright.registry.address import checked, same

SAFE = "sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/stackwright/registry.sqlite",
        "postgresql:///stackwright",
        "postgresql+psycopg:///stackwright",
        "postgresql:///stackwright?host=/run/postgresql",
        "postgresql://me:pw@localhost/stackwright",
        "postgresql://me@[::1]:5433/stackwright",
        f"postgresql://me:p%40ss@db.example.org:5433/stackwright?{SAFE}",
        "postgresql://db.example.org/stackwright?sslmode=verify-ca",
    ],
)
def test_these_are_safe(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "no URL of a registry"),
        ("mysql://me:pw@host/db", "no URL of a registry"),
        ("sqlite:///relative", "no URL of a registry"),
        ("postgresql://me:pw@host:port/db", "no URL of a registry"),
        ("postgresql://me:pw@db.example.org", "no URL of a registry"),
        ("postgresql://me:pw@db.example.org/db", "without checking its certificate"),
        ("postgresql://me:pw@db.example.org/db?sslmode=require", "without checking its certificate"),
        ("postgresql://me:pw@db.example.org/db?sslmode=verify-full&sslmode=disable", "without checking"),
        ("postgresql://me:pw@10.0.0.1/db?application_name=sslmode=verify-full", "without checking"),
        ("postgresql:///db?host=db.example.org", "names host among its options"),
        (f"postgresql:///db?{SAFE}&host=/run/a&host=10.0.0.1", "names host among its options"),
        ("postgresql:///db?host=/run/postgresql,db.example.org", "names several hosts"),
        ("postgresql://localhost/db?hostaddr=10.0.0.1", "names hostaddr among its options"),
        ("postgresql:///db?service=other", "names service among its options"),
        (f"postgresql://db.example.org/db?user=me&password=pw&{SAFE}", "names password among its options"),
        (f"postgresql://one,two/db?{SAFE}", "names several hosts"),
    ],
)
def test_these_are_refused_without_their_password(url: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        checked(url)
    assert "pw" not in str(caught.value)


def test_one_database_has_many_urls() -> None:
    assert same("postgresql://me:pw@host/db?sslmode=verify-full", "postgresql+psycopg://you@host/db")
    assert not same("postgresql://host/db", "postgresql://other/db")
    assert not same("postgresql:///db", "postgresql:///db2")


def test_the_settings_keep_their_registry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yaml"
    monkeypatch.setenv("STACKWRIGHT_CONFIG", str(settings))
    assert _check("postgresql:///db", monkeypatch) == 0  # a host that is no controller yet
    settings.write_text("registry_url: postgresql://me:hunter2@localhost/db\n")
    assert _check("postgresql://me:hunter3@localhost/db", monkeypatch) == 0
    assert _check("postgresql://me:hunter3@localhost/other", monkeypatch) == 1
    said = "".join(capsys.readouterr())
    assert "the registry is at postgresql://me:***@localhost/db and not at postgresql://me:***@localhost/other" in said
    assert "playbooks/migrate-registry.yml" in said
    assert "hunter" not in said


def _check(url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{url}\n"))
    return main(["registry", "check", "-"])
