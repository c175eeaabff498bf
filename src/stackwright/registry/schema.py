# SPDX-License-Identifier: Apache-2.0
"""The tables. Generic and few; a kind has no table of its own. Alembic's revisions in `migrations` build them."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
UUID = String(36)

setting = Table("setting", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

resource = Table(
    "resource",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("project", UUID, nullable=False),
    Column("owner", UUID, nullable=False),
    Column("key", String(1024), nullable=False),
    Column("name", String(255), nullable=False),
    Column("spec", JSON, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("charges", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("host", String(255), nullable=False),
    Column("label", String(255), nullable=False),
    Column("wanted", Boolean(create_constraint=False), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("kind", "project", "owner", "key"),
    Index("ix_resource_name", "kind", "name"),
    Index("ix_resource_owner", "owner"),
    Index("ix_resource_label", "label"),
)

reference = Table(
    "reference",
    metadata,
    Column("source", UUID, ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True),
    Column("target", UUID, ForeignKey("resource.id"), primary_key=True),
    Index("ix_reference_target", "target"),
)

allocation = Table(
    "allocation",
    metadata,
    Column("pool", String(255), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("resource", UUID, ForeignKey("resource.id", ondelete="CASCADE"), nullable=False),
    Column("slot", String(255), nullable=False),
    Index("ix_allocation_resource", "resource"),
)

claim = Table(
    "claim",
    metadata,
    Column("resource", UUID, ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True),
    Column("host", UUID, ForeignKey("resource.id"), nullable=False),
    Column("vcpus", Integer, nullable=False),
    Column("ram", Integer, nullable=False),
    Column("disk", Integer, nullable=False),
    Index("ix_claim_host", "host"),
)

departure = Table(
    "departure",
    metadata,
    Column("resource", UUID, ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True),
    Column("host", UUID, ForeignKey("resource.id"), primary_key=True),
    Column("vcpus", Integer, nullable=False),
    Column("ram", Integer, nullable=False),
    Column("disk", Integer, nullable=False),
    Column("lost", Boolean(create_constraint=False), nullable=False),
    Column("outdated", Boolean(create_constraint=False), nullable=False),
    Index("ix_departure_host", "host"),
)

usage = Table(
    "usage",
    metadata,
    Column("owner", UUID, primary_key=True),
    Column("class", String(64), primary_key=True),
    Column("used", Integer, nullable=False),
    Column("limit", Integer, nullable=True),
    CheckConstraint('used >= 0 AND ("limit" IS NULL OR used <= "limit")', name="within"),
)

run = Table(
    "run",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("machine", String(64), nullable=False),
    Column("boot", String(64), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", String(32), nullable=False),
    Column("purpose", String(255), nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("cancelled_by", String(255), nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("run", UUID, ForeignKey("run.id", ondelete="CASCADE"), nullable=False),
    Index("ix_lease_run", "run"),
)

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("actor", String(255), nullable=False),
    Column("project", UUID, nullable=False),
    Column("resource", UUID, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("action", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("owner", UUID, nullable=False),
    Column("path", Text, nullable=False),
    Index("ix_event_resource", "resource"),
    Index("ix_event_owner", "owner"),
)
