# SPDX-License-Identifier: Apache-2.0
"""Step 2, allocate: everything that must be chosen is chosen here, in the declare transaction, and nowhere else."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from stackwright.engine.errors import Conflict, Exhausted, StackwrightError
from stackwright.engine.kind import Kind
from stackwright.engine.queue import Queue
from stackwright.engine.references import ids_in
from stackwright.engine.resource import Resource
from stackwright.registry.transaction import Transaction
from stackwright.scheduler.board import Board
from stackwright.scheduler.candidate import Placement
from stackwright.scheduler.placement import Scheduler

MAC_BITS = 24


class Allocation:
    """The allocator that kinds talk to, on one transaction. See `engine.kind.Allocator` for what each call means."""

    def __init__(
        self,
        txn: Transaction,
        kinds: Mapping[str, Kind],
        scheduler: Scheduler,
        mtu: int,
        *,
        preview: bool = False,
        per_host: bool = False,
    ) -> None:
        self.txn = txn
        self.kinds = kinds
        self.mtu = mtu
        self.per_host = per_host
        self.preview = preview
        self.before: dict[str, Resource] = {}
        self.stuck: dict[str, list[str]] = {}
        self.given_up: set[str] = set()
        self._scheduler = scheduler
        self._rank = {name: rank for rank, name in enumerate(kinds)}
        self._taken: dict[str, dict[str, str]] = {}
        self._used: set[tuple[str, str]] = set()
        self._asked: set[str] = set()
        self._cursors: dict[str, Iterator[str]] = {}
        self._board: Board | None = None
        self._bounded: set[str] = set()
        self._mac_base: int | None = None
        self._mac_next = 0

    # Reading

    def get(self, resource_id: str) -> Resource:
        return self.txn.get(resource_id)

    def children(self, owner: str, kind: str) -> list[Resource]:
        return [child for child in self.txn.children(owner) if child.kind == kind and child.wanted]

    def offspring(self, owner: str) -> list[Resource]:
        return self.txn.children(owner)

    def visible(self, kind: str, project: str, name: str = "") -> list[Resource]:
        found = self.txn.select(kind=kind, wanted=True, **({"name": name} if name else {}))
        return [item for item in found if item.project in ("", project) or self.kinds[kind].shared(item)]

    def every(self, kind: str) -> list[Resource]:
        return self.txn.select(kind=kind, wanted=True)

    def referrers(self, resource_id: str, kind: str) -> list[Resource]:
        return [item for item in self.txn.referrers(resource_id, kind) if item.wanted]

    def leaving(self, resources: Iterable[Resource]) -> list[str]:
        ids = [item.id for item in resources]
        self.txn.preload(ids)
        left = [one for item in ids for one in self.txn.departures(item).values()]
        return [self.get(one.host).name for one in left if one.pending]

    # Unique values

    def take(self, resource: Resource, pool: str, key: str) -> str:
        holder = self._pool(pool).get(key)
        if holder is None:
            self._give(resource, pool, key)
        elif holder != resource.id:
            raise Conflict(f"{resource.title}: {key} is taken by {self.get(holder).title}; choose another or free it")
        self._used.add((pool, key))
        return key

    def take_first(
        self, resource: Resource, pool: str, now: Iterable[str], candidates: Iterable[str], what: str
    ) -> str:
        for key in now:
            if self._pool(pool).get(key) == resource.id and (pool, key) not in self._used:
                return self.take(resource, pool, key)
        for key in self._cursors.setdefault(pool, iter(candidates)):
            if key not in self._pool(pool):
                return self.take(resource, pool, key)
        raise Exhausted(f"{resource.title}: there is no free {what}; free one or add more")

    def mac(self, resource: Resource, slot: str = "") -> str:
        held = self.txn.held(resource.id)
        mac = next((key for (pool, key), of in held.items() if pool == "mac" and of == slot), "") or self._free_mac()
        if ("mac", mac) not in held:
            self._give(resource, "mac", mac, slot)
        self._used.add(("mac", mac))
        return mac

    def _free_mac(self) -> str:
        taken = self._pool("mac")
        for offset in range(2**MAC_BITS):
            number = (self._base() + self._mac_next + offset) % 2**MAC_BITS
            mac = f"fa:16:3e:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
            if mac not in taken:
                self._mac_next += offset + 1
                return mac
        raise Exhausted("every MAC address of this cloud is in use; delete some ports")

    def _base(self) -> int:
        """Clouds that share a physical network start at different addresses."""
        if self._mac_base is None:
            cloud = self.txn.setting("cloud") or ""
            self._mac_base = int.from_bytes(hashlib.sha256(cloud.encode()).digest()[:3])
        return self._mac_base

    def _pool(self, pool: str) -> dict[str, str]:
        if pool not in self._taken:
            self._taken[pool] = self.txn.taken(pool)
        return self._taken[pool]

    def _give(self, resource: Resource, pool: str, key: str, slot: str = "") -> None:
        self.txn.allocate(pool, key, resource.id, slot)
        self._pool(pool)[key] = resource.id

    def _give_back(self, resource: Resource) -> None:
        """Release what the resource held before and did not take again."""
        for pool, key in [item for item in self.txn.held(resource.id) if item not in self._used]:
            self.txn.release(pool, key, resource.id)
            self._pool(pool).pop(key, None)

    # Hosts

    def place(self, resource: Resource, wish: Placement) -> str:
        """Name of the host that the resource is on, or is to be on; its claim is taken or brought up to date.

        What was asked for may move it. Raises Exhausted where no host may take it, Conflict where it would have to
        move for something else's sake.
        """
        self._give_up(resource)
        if old := self._old_copies(resource):
            wish = dataclasses.replace(wish, refused=old)
        claimed = self.txn.claimed(resource.id)
        if claimed is None:
            host = self.get(self._hosts().choose(wish).id)
            self._claim(resource, host, wish.demand)
            return host.name
        now = self.get(claimed[0])
        objection, emptied = self._misplaced(wish, now), self._hosts().hosts[now.id].emptied
        # Where all of an affinity group leaves a host, the others are misplaced as soon as the first one has another.
        if objection and (resource.id in self._asked or not emptied):
            return self._move(resource, now, self._other(resource, wish, now, objection), wish.demand)
        if emptied and (other := self._refuge(resource, wish, now)):
            return self._move(resource, now, other, wish.demand)
        if claimed[1] != dict(wish.demand):
            self._claim(resource, now, wish.demand)
        return now.name

    def settled(self, resource: Resource) -> bool:
        """Whether it is where it is to be, if it is to be, and claims what it needs; what could not be moved is not."""
        wish = self.kinds[resource.kind].placement(resource, self) if resource.wanted else None
        claimed = self.txn.claimed(resource.id)
        if not wish or not claimed:
            return True
        return claimed[1] == dict(wish.demand) and not self._misplaced(wish, self.get(claimed[0]))

    def place_anew(self, resource: Resource, refused: Mapping[str, str]) -> str:
        """Name of another host for what was lifted; its claim is taken. refused: see Placement. Raises Exhausted."""
        wish = self.kinds[resource.kind].placement(resource, self)
        assert wish is not None  # noqa: S101 - it was on a host
        chosen = self._hosts().choose(dataclasses.replace(wish, refused={**refused, **self._old_copies(resource)}))
        self._claim(resource, self.get(chosen.id), wish.demand)
        self._refer(self.txn.update(resource, host=chosen.name, status="pending", message=""))
        return chosen.name

    def lift(self, resource: Resource) -> None:
        """It is on no host, and what it claimed of one is free, until it is placed anew or put back."""
        self.txn.update(self.get(resource.id), host=self._leave(resource))

    def put_back(self, resource: Resource, claimed: tuple[str, Mapping[str, int]]) -> None:
        """As it was before it was lifted, with what it claimed: there is room for it there still."""
        self.txn.claim(resource, self.get(claimed[0]), claimed[1])
        self._hosts().use(*claimed)
        back = {"host": resource.host, "status": resource.status, "message": resource.message}
        self._refer(self.txn.update(self.get(resource.id), **back))

    def _give_up(self, resource: Resource) -> None:
        """What was still to be moved from a host is lost with that."""
        for item in [item for item in self.txn.departures(resource.id).values() if not item.lost]:
            if self._hosts().hosts[item.host].lost:
                self.txn.mark_departure(resource.id, item.host, lost=True)
                self.given_up |= set() if item.outdated else {resource.id}

    def _old_copies(self, resource: Resource) -> dict[str, str]:
        """Host name -> what keeps it from going back there: what is there would be taken for what it has now."""
        left = [self.get(item.host).name for item in self.txn.departures(resource.id).values() if not item.pending]
        return dict.fromkeys(left, "may hold an old copy of it; first declare that host, or it where it is")

    def _leave(self, resource: Resource) -> str:
        """It is on no host now: what it claimed of one is free again."""
        claimed = self.txn.claimed(resource.id)
        if claimed:
            self._hosts().use(claimed[0], {name: -amount for name, amount in claimed[1].items()})
            self.txn.unclaim(resource.id)
        return ""

    def _misplaced(self, wish: Placement, host: Resource) -> str:
        return self._scheduler.misplaced(self._hosts().hosts[host.id], wish)

    def _other(self, resource: Resource, wish: Placement, now: Resource, objection: str) -> Resource:
        """The host to move to: the one that it comes from where that will do, as nothing is lost there yet."""
        if resource.id not in self._asked:
            raise Conflict(
                f"{wish.who} is on host {now.name} and would have to move for this ({objection}); move it first"
            )
        left = [self.get(item.host) for item in self.txn.departures(resource.id).values() if item.pending]
        if left and not self._misplaced(wish, left[0]):
            return left[0]
        return self._choose_other(resource, wish, now)

    def _refuge(self, resource: Resource, wish: Placement, now: Resource) -> Resource | None:
        """Where to go from a host that is emptied; None for what has to stay there, which is told with the host."""
        try:
            return self._choose_other(resource, wish, now)
        except (Conflict, Exhausted) as error:
            self.stuck.setdefault(now.id, []).append(str(error))
            return None

    def _choose_other(self, resource: Resource, wish: Placement, now: Resource) -> Resource:
        if self.per_host:
            raise Conflict(
                f"{wish.who} is on host {now.name} and cannot move: without OVN instances stay on their hosts; "
                "delete it and make it anew, or use the network backend ovn"
            )
        for item in self.txn.departures(resource.id).values():
            if item.pending:
                raise Conflict(
                    f"{wish.who} is still on its way from host {self.get(item.host).name} to {now.name}; declare it "
                    "for one of the two, and move it on when it is there"
                )
        hosts = self._hosts().hosts
        runs = hosts[now.id].domain_type, hosts[now.id].arch
        alike = [host for host in hosts.values() if (host.domain_type, host.arch) == runs]
        if wish.host and wish.host not in {item.name for item in alike}:
            raise Conflict(
                f"{wish.who} is on host {now.name} and cannot move to {wish.host}, which runs guests in another way; "
                "choose another host, or delete the instance and make it anew"
            )
        return self.get(self._scheduler.choose(alike, wish).id)

    def _move(self, resource: Resource, now: Resource, host: Resource, demand: Mapping[str, int]) -> str:
        """What it has where it is now stays claimed until it was seen gone from there."""
        if host.id in self.txn.departures(resource.id):
            back = self.txn.departures(resource.id)[host.id].amounts
            self._hosts().use(host.id, {name: -amount for name, amount in back.items()})
            self.txn.depart_no_more(resource.id, host.id)
        self.txn.depart(resource, lost=self._hosts().hosts[now.id].lost)
        self._claim(resource, host, demand)
        return host.name

    def _claim(self, resource: Resource, host: Resource, demand: Mapping[str, int]) -> None:
        board = self._hosts()  # as it is before this claim
        before = self.txn.claimed(resource.id)
        self._bound(host)
        self.txn.claim(resource, host, demand)
        released = before[1] if before else {}
        board.use(host.id, {name: demand[name] - released.get(name, 0) for name in demand})

    def _bound(self, host: Resource) -> None:
        """A host that shrank below what was claimed of it was bounded by that; some of it may have been freed since."""
        if host.id not in self._bounded:
            self._bounded.add(host.id)
            for name, limit in self.kinds[host.kind].capacity(host).items():
                self.txn.set_limit(host.id, name, limit)

    def _hosts(self) -> Board:
        if self._board is None:
            hosts = self.txn.select(kind="host")  # what is on one that is to go still counts
            used = self.txn.counters(host.id for host in hosts)
            self._board = Board(self._scheduler, self.kinds["host"].candidates(hosts, used, self))
        return self._board

    # The step itself

    def run(self, changed: Iterable[Resource]) -> set[str]:
        """Allocate for what was declared, and for what it affects or touches, in the order of the kinds; all ids."""
        changed = list(changed)
        self._asked |= {item.id for item in changed}
        queue = Queue(self._rank, lambda item: self.kinds[item.kind].precedence(item, self))
        queue.add(changed)
        self.txn.preload(item.id for item in changed)
        for current in queue:
            self.before.setdefault(current, self.get(current))
            if self._allocate(self.get(current)):
                fresh = self.get(current)
                queue.add(self._affected(fresh))
                queue.touch(self.touched([fresh]), by=fresh)
        return queue.seen

    def touched(self, resources: Iterable[Resource]) -> list[Resource]:
        """What resources that changed, or that go, add something to, as far as it stays."""
        adding = [item for item in resources if self.kinds[item.kind].touches]
        targets = {
            target for item in adding for kind, target in self._declared(item) if kind in self.kinds[item.kind].touches
        }
        found = self.txn.select_in("id", sorted(targets))
        return [item for item in found if item.wanted]

    def _affected(self, resource: Resource) -> Sequence[Resource]:
        found = [item for kind in self.kinds[resource.kind].affects for item in self.referrers(resource.id, kind)]
        self.txn.preload(item.id for item in found)
        return found

    def _allocate(self, resource: Resource) -> bool:
        """Whether those that refer to it have to be looked at."""
        kind = self.kinds[resource.kind]
        self._used.clear()
        try:
            attributes = dict(kind.allocate(resource, self))
            self._give_back(resource)
            fresh = dataclasses.replace(resource, attributes=attributes)
            wish = kind.placement(fresh, self)
            host = self.place(fresh, wish) if wish else self._leave(resource)
            self.txn.charge(fresh, kind.quota(fresh))
            for name, limit in kind.capacity(fresh).items():
                self.txn.set_limit(fresh.id, name, limit)
        except StackwrightError as error:
            raise _named(error, resource) from error
        differs = attributes != dict(resource.attributes) or host != resource.host
        if differs:
            self.txn.update(resource, attributes=attributes, host=host, status="pending")
        self._refer(self.get(resource.id))
        return differs or resource.status != "active"

    def _refer(self, resource: Resource) -> None:
        """What was allocated may refer to more than what was declared: a floating IP to its router."""
        targets = set() if self.kinds[resource.kind].telling else set(ids_in(resource.attributes))
        claimed = self.txn.claimed(resource.id)
        if claimed:
            left = self.txn.departures(resource.id).values()
            targets |= {claimed[0], *(item.host for item in left if not item.lost)}
        targets |= set(self.declared_targets(resource))
        self.txn.refer(resource.id, targets)

    def declared_targets(self, resource: Resource) -> list[str]:
        """Ids that the spec refers to."""
        return [target for _, target in self._declared(resource)]

    def _declared(self, resource: Resource) -> list[tuple[str, str]]:
        """Kind and id of everything that the spec refers to."""
        found: list[tuple[str, str]] = []

        def note(kind: str, target: str) -> str:
            found.append((kind, target))
            return target

        self.kinds[resource.kind].validate(resource.spec, note)
        return found


def _named(error: StackwrightError, resource: Resource) -> StackwrightError:
    words = str(error)
    return error if resource.name in words else error.saying(f"{resource.title}: {words}")
