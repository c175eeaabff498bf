# SPDX-License-Identifier: Apache-2.0
"""Hosts that resources are leaving, and what they claim there until they were seen gone"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "departure",
        sa.Column("resource", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=36), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("ram", sa.Integer(), nullable=False),
        sa.Column("disk", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["host"], ["resource.id"], name=op.f("fk_departure_host")),
        sa.ForeignKeyConstraint(["resource"], ["resource.id"], name=op.f("fk_departure_resource"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("resource", "host", name=op.f("pk_departure")),
    )
    op.create_index("ix_departure_host", "departure", ["host"], unique=False)
