# SPDX-License-Identifier: Apache-2.0
"""Who asked a run to begin nothing more"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cancelled_by", sa.String(length=255), nullable=False, server_default=""))
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.alter_column("cancelled_by", server_default=None)
