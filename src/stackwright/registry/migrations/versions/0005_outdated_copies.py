# SPDX-License-Identifier: Apache-2.0
"""Whether what a resource left on a host is older than what it has elsewhere"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("departure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("outdated", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("departure", schema=None) as batch_op:
        batch_op.alter_column("outdated", server_default=None)
    # What was given up, and is whole elsewhere since.
    departure = sa.table("departure", sa.column("resource"), sa.column("lost"), sa.column("outdated"))
    resource = sa.table("resource", sa.column("id"), sa.column("status"))
    whole = sa.select(resource.c.id).where(resource.c.status == "active")
    values = {"outdated": sa.true()}
    op.execute(sa.update(departure).where(departure.c.lost == sa.true(), departure.c.resource.in_(whole)).values(values))
