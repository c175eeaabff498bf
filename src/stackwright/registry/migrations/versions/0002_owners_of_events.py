# SPDX-License-Identifier: Apache-2.0
"""Whose the resource of an event is: events outlive their resources"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner", sa.String(length=36), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("path", sa.Text(), nullable=False, server_default=""))
        batch_op.create_index("ix_event_owner", ["owner"], unique=False)
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.alter_column("owner", server_default=None)
        batch_op.alter_column("path", server_default=None)
