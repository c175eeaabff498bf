# SPDX-License-Identifier: Apache-2.0
"""A live replica of the interesting part of one OVN database, and transactions on it.

A thread keeps the replica current and answers the server's probes. A server sends the updates that a
transaction caused before the reply to it, so what was written is what is read next.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ovs import json as ovs_json
from ovs import stream
from ovs.db import idl
from ovsdbapp import exceptions
from ovsdbapp.backend.ovs_idl import connection, idlutils, transaction
from ovsdbapp.backend.ovs_idl.command import BaseCommand

from stackwright.drivers.ovn.probe import first_answering
from stackwright.engine.errors import Conflict, Refused, Unreachable

SECONDS = 30.0
_PAUSE = 0.005
_TAKEN = "constraint violation"
TITLES = {"OVN_Northbound": "OVN northbound database", "OVN_Southbound": "OVN southbound database"}

Conditions = Mapping[str, list[Any]]
"""Table -> the clauses of which a row must meet one; [True] is every row."""


class Database:
    """schema: its name on the server.

    conditions: what is watched at first, for tables that are not watched whole.
    """

    def __init__(
        self,
        schema: str,
        remotes: str,
        pki: Path | None,
        tables: Mapping[str, list[str]],
        conditions: Conditions,
    ) -> None:
        self.title = TITLES[schema]
        self._warn_of_slow_json()
        remote = first_answering(self.title, remotes, pki)
        if pki:
            _use_certificates(pki)
        self._connection = self._connect(remote, schema, tables, conditions)
        self.lock = self._connection.lock

    @property
    def idl(self) -> Any:
        """The replica; hold `lock` while reading it. ovsdbapp's transactions ask for it by this name."""
        return self._connection.idl

    def _connect(self, remote: str, schema: str, tables: Mapping[str, list[str]], conditions: Conditions) -> Any:
        try:
            helper = idlutils.get_schema_helper(remote, schema)
        except Exception as error:  # the library raises nothing narrower
            raise Unreachable(f"{self.title} at {remote} does not serve {schema}; look at ovn-central there") from error
        for table, columns in tables.items():
            helper.register_columns(table, columns)
        replica = idl.Idl(remote, helper, leader_only=False)
        for table, condition in conditions.items():
            replica.cond_change(table, condition)
        made = connection.Connection(replica, SECONDS)
        try:
            made.start()
        except exceptions.TimeoutException as error:
            raise Unreachable(
                f"{self.title} at {remote} sent no data within {SECONDS:.0f} s; try again later"
            ) from error
        return made

    def _warn_of_slow_json(self) -> None:
        if ovs_json.PARSER != ovs_json.PARSER_C:
            warnings.warn("ovs parses JSON in Python, 20 times slower; install python3-openvswitch", stacklevel=2)

    def watch(self, conditions: Conditions) -> None:
        """Change what is watched, and wait until that is what the replica holds. Raises Unreachable."""
        with self.lock:
            for table, condition in conditions.items():
                self.idl.cond_change(table, condition)
            states = [(self.idl.tables[table].condition_state, want) for table, want in conditions.items()]
        if not self.wait(lambda: all(state.acked == (want or [False]) for state, want in states), SECONDS):
            raise Unreachable(f"{self.title} did not answer within {SECONDS:.0f} s; try again later")

    def wait(self, done: Callable[[], bool], timeout: float) -> bool:
        """Follow the database until `done` holds; False after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            with self.lock:
                self.idl.run()
                if done():
                    return True
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)

    def refresh(self, table: str, column: str) -> None:
        """Hear of everything that others committed up to now. Any column does, of a small table watched whole.

        Raises Unreachable; a replica alone would not notice that its server is gone.
        """
        self.transact(_Fetch(self, table, column))

    def transact(self, command: Any) -> None:
        """Carry out a command as one transaction. Raises Unreachable, Conflict or Refused."""
        try:
            try:
                self._commit(command)
            except RuntimeError as error:
                if _TAKEN not in str(error):
                    raise
                # Another run made a row of this name a moment before. If it is ours, too, the replica has it by now.
                self._commit(command)
        except exceptions.TimeoutException as error:
            raise Unreachable(
                f"{self.title} did not answer within {SECONDS:.0f} s; run again to see what holds"
            ) from error
        except RuntimeError as error:
            raise self._translated(error) from error

    def _commit(self, command: Any) -> None:
        step = transaction.Transaction(self, self._connection, SECONDS, check_error=True, log_errors=False)
        step.add(command)
        step.commit()

    def _translated(self, error: RuntimeError) -> Exception:
        said = str(error).removeprefix("OVSDB Error: ")
        if "timed out" in said:
            return Unreachable(f"{self.title} lost the connection; run again to see what holds")
        if _TAKEN in said:
            return Conflict(f"{self.title} holds something else of that name ({said}); remove or rename that")
        return Refused(f"{self.title} refused the change ({said}); look at its log on the controller")

    def close(self) -> None:
        """End the thread and the connection."""
        self._connection.stop(timeout=SECONDS)


class _Fetch(BaseCommand):  # type: ignore[misc]  # the library has no types
    """Read a column from the server. A server answers after the updates that it owes us."""

    def __init__(self, database: Database, table: str, column: str) -> None:
        super().__init__(database)
        self._table = table
        self._column = column

    def run_idl(self, txn: Any) -> None:
        """Called by the library, with the replica locked."""
        for row in list(self.api.idl.tables[self._table].rows.values())[:1]:
            row.fetch(self._column)


def _use_certificates(pki: Path) -> None:
    stream.Stream.ssl_set_ca_cert_file(str(pki / "ca.pem"))
    stream.Stream.ssl_set_certificate_file(str(pki / "cert.pem"))
    stream.Stream.ssl_set_private_key_file(str(pki / "key.pem"))
