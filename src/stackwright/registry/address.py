# SPDX-License-Identifier: Apache-2.0
"""URLs that may name a registry: which database each means, and whether the way there is safe.

The fields of a URL are SQLAlchemy's; what may stand behind its question mark is libpq's
(https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stackwright.engine.errors import InvalidInput

HERE = (None, "", "localhost", "127.0.0.1", "::1")
REDIRECTING = {"hostaddr", "port", "user", "password", "dbname", "service", "servicefile"}
"""Options of libpq that say again, perhaps otherwise, what stands before the question mark."""


def checked(url: str) -> str:
    """The URL. Raises InvalidInput, without showing it, for what names no one database or goes there in the clear."""
    parsed = _parsed(url)
    backend = parsed.get_backend_name() if parsed else ""
    if parsed and backend == "sqlite" and (parsed.database or "").startswith("/"):
        return url
    if not (parsed and backend == "postgresql" and parsed.database):
        raise InvalidInput(
            "this is no URL of a registry; write it as sqlite:////FILE, postgresql:///NAME or"
            " postgresql://USER:PASSWORD@HOST/NAME?sslmode=verify-full&sslrootcert=FILE"
        )
    _check_place(parsed)
    if _is_elsewhere(parsed) and parsed.query.get("sslmode") not in ("verify-full", "verify-ca"):
        raise InvalidInput(
            "this URL reaches a PostgreSQL server on another host without checking its certificate; add"
            " ?sslmode=verify-full&sslrootcert=FILE, with the file of the authority that signed that certificate"
        )
    return url


def _parsed(url: str) -> sa.URL | None:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: a port that is no number
        return None


def _check_place(parsed: sa.URL) -> None:
    socket = parsed.query.get("host", "/")
    twice = REDIRECTING & parsed.query.keys()
    if not isinstance(socket, str) or not socket.startswith("/") or (parsed.host and "host" in parsed.query):
        twice.add("host")
    if twice or "," in f"{parsed.host}{socket}":
        named = f"{min(twice)} among its options" if twice else "several hosts"
        raise InvalidInput(
            f"the registry's URL names {named}; write it as postgresql://USER:PASSWORD@HOST:PORT/NAME, with one host"
        )


def _is_elsewhere(parsed: sa.URL) -> bool:
    return parsed.host not in HERE


def same(first: str, second: str) -> bool:
    """Whether two URLs name one database, perhaps with other credentials."""
    return _place(sa.make_url(first)) == _place(sa.make_url(second))


def _place(url: sa.URL) -> tuple[Any, ...]:
    return url.get_backend_name(), url.host or url.query.get("host"), url.port, url.database
