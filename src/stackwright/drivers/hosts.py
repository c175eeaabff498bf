# SPDX-License-Identifier: Apache-2.0
"""Asking many hosts at once, for drivers of what is on each host."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from stackwright.engine.objects import Object
from stackwright.engine.resource import Observation

MOST_HOSTS_AT_ONCE = 64
Answer = TypeVar("Answer")


def ask(hosts: Collection[str], question: Callable[[str], Answer], name: str) -> dict[str, Answer]:
    """Host -> its answer. name: of the threads."""
    if not hosts:
        return {}
    with ThreadPoolExecutor(min(MOST_HOSTS_AT_ONCE, len(hosts)), thread_name_prefix=name) as pool:
        return dict(zip(hosts, pool.map(question, hosts), strict=True))


def observation(answers: dict[str, tuple[list[Object], str]]) -> Observation:
    """What all hosts hold. answers: host -> its objects, and why it does not answer, or ''."""
    return Observation(
        tuple(item for found, _ in answers.values() for item in found),
        {host: why for host, (_, why) in answers.items() if why},
    )
