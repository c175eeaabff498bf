# SPDX-License-Identifier: Apache-2.0
"""Makes the registry's key, encrypts what was there before there was one, and changes the key."""

from __future__ import annotations

from contextlib import suppress

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from stackwright.registry import schema
from stackwright.registry.database import Registry
from stackwright.registry.holdings import chunked
from stackwright.registry.transaction import Transaction
from stackwright.registry.vault import SEALED, Vault, new_key


def seal(registry: Registry) -> bool:
    """Encrypt what is secret, once; True when that was done now. Raises InvalidInput without the right key later on."""
    vault = registry.vault
    sealed = registry.read(lambda txn: txn.setting(SEALED))
    if vault is None or sealed is not None:
        if vault and sealed:
            vault.decrypt(sealed)
        return False
    registry.write(lambda txn: _first(txn, vault))
    _forget_what_was(registry)
    registry.write(lambda txn: txn.set_setting(SEALED, vault.encrypt(SEALED)))
    return True


def rotate(registry: Registry) -> int:
    """Encrypt everything with a new key, and forget the old ones; how many resources hold secrets.

    Killed in between, it leaves a file with both, and everything can be read; run it again.
    """
    vault = registry.vault
    if vault is None:
        return 0
    count = registry.write(lambda txn: _again(txn, vault))
    registry.write(lambda txn: _forget_old(txn, vault))
    return count


def _first(txn: Transaction, vault: Vault) -> None:
    if not vault.path.exists():
        vault.replace([new_key()])
    _encrypt(txn, vault)


def _again(txn: Transaction, vault: Vault) -> int:
    """In one transaction, so that a file with one key never meets a row that another one encrypted."""
    sealed = txn.setting(SEALED)
    if sealed:
        vault.decrypt(sealed)  # with the wrong file nothing is touched
    vault.replace([new_key(), *vault.lines()])
    txn.set_setting(SEALED, vault.encrypt(SEALED))
    return _encrypt(txn, vault)


def _forget_old(txn: Transaction, vault: Vault) -> None:
    """Not if somebody else was killed with a newer one."""
    first, sealed = vault.lines()[0], txn.setting(SEALED)
    with suppress(InvalidToken):
        Fernet(first).decrypt(sealed or "")
        vault.replace([first])


def _encrypt(txn: Transaction, vault: Vault) -> int:
    """Read every secret, and write it with the first key."""
    resource = schema.resource.c
    query = sa.select(resource.id).where(resource.kind.in_(sorted(vault.fields)))
    ids = list(txn.connection.execute(query).scalars())
    for part in chunked(ids):
        txn.load(part)
        for item in part:
            txn.rewrite(txn.known[item])
    return len(ids)


def _forget_what_was(registry: Registry) -> None:
    """Databases keep what was overwritten for a while; this writes the tables anew."""
    if registry.is_sqlite:
        connection = registry.engine.raw_connection()
        connection.cursor().execute("VACUUM")
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    else:
        with registry.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as server:
            server.execute(sa.text("VACUUM FULL resource"))
