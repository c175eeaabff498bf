# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: the connection comes from `stackwright.registry.migrate`."""

from alembic import context

from stackwright.registry.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
