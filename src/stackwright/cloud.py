# SPDX-License-Identifier: Apache-2.0
"""Cloud: the one object that every front end opens."""

from __future__ import annotations

import dataclasses
import getpass
import itertools
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from stackwright import converge
from stackwright.adoption import with_adopted
from stackwright.config import settings, watched
from stackwright.engine.apply import Done
from stackwright.engine.declare import allow_all
from stackwright.engine.errors import InvalidInput, NotFound, StackwrightError
from stackwright.engine.intent import Rules
from stackwright.engine.kind import Kind
from stackwright.engine.observe import Observed, observe
from stackwright.engine.progress import Finished
from stackwright.engine.request import Actor, Request, Result
from stackwright.engine.resource import Driver, Resource, Scope, Wish
from stackwright.engine.traits import Traits
from stackwright.engine.view import Picture, Renderers, take, take_all
from stackwright.images import ImageStore
from stackwright.kinds import KINDS
from stackwright.present import facts, members
from stackwright.present_stack import iso
from stackwright.registry.database import Registry
from stackwright.registry.leases import LEASE_S, Run, cancel
from stackwright.registry.transaction import Transaction
from stackwright.registry.vault import Vault
from stackwright.scheduler.placement import Scheduler
from stackwright.shelving import finished, is_asked, with_shelves
from stackwright.snapshots import from_instances, with_last_images

SYSTEM = Actor("system")
FLAVORS = {
    "m1.tiny": {"flavorid": "1", "ram": 512, "disk": 1, "vcpus": 1},
    "m1.small": {"flavorid": "2", "ram": 2048, "disk": 20, "vcpus": 1},
    "m1.medium": {"flavorid": "3", "ram": 4096, "disk": 40, "vcpus": 2},
    "m1.large": {"flavorid": "4", "ram": 8192, "disk": 80, "vcpus": 4},
    "m1.xlarge": {"flavorid": "5", "ram": 16384, "disk": 160, "vcpus": 8},
}
FLAVORS_SETTING, AWAITED = "flavors", "awaited"
"""The setting that says whether a new cloud still waits for its flavors; one that is older than it does not."""


def _silent(line: str) -> None:
    pass


class Cloud:
    """A registry, the kinds, and the drivers that lead to the backends. Use it as a context manager.

    pack: fill hosts up one after the other, where they are otherwise used evenly.
    traits: what is peculiar to the backends that the drivers lead to.
    images: where the content of images is; without it, they are declared with what is known of them.
    image_cache_days: how long hosts keep copies of images that nothing uses; 0 for as long as there is the image.
    say: gets one line for people when something has to wait. say_transfer: gets one now and then while one takes long,
    from the drivers of a cloud that is opened. report: gets every change that was carried out, and
    progress every resource that is finished, while others are still at work.
    """

    def __init__(
        self,
        registry: Registry,
        drivers: Mapping[str, Driver],
        renderers: Renderers,
        *,
        kinds: Mapping[str, Kind] = KINDS,
        images: ImageStore | None = None,
        mtu: int = 1400,
        pack: bool = False,
        image_cache_days: int = 0,
        traits: Traits = Traits(),  # noqa: B008 - a value that never changes
        lease_seconds: float = LEASE_S,
        say: Callable[[str], None] = _silent,
        say_transfer: Callable[[str], None] = _silent,
        report: Callable[[Done], None] = lambda done: None,
        progress: Callable[[Finished], None] = lambda finished: None,
    ) -> None:
        self.registry = registry
        self.drivers = drivers
        self.images = images
        self.rules = Rules(kinds, renderers, Scheduler(pack=pack), allow_all, mtu, traits)
        self.everywhere = traits.everywhere | {name for name, kind in kinds.items() if kind.everywhere}
        self.spread = traits.spread
        self.image_cache_days = image_cache_days
        self.lease_seconds = lease_seconds
        self.say = say
        self.say_transfer = say_transfer
        self.report = report
        self.progress = progress

    @classmethod
    def open(cls, path: Path | None = None, **options: Any) -> Cloud:
        """The cloud of this controller. Raises InvalidInput when there is none."""
        from stackwright.backends import drivers, renderers, traits

        place = settings(path)
        config, stays = watched(place)
        vault = Vault(place.with_name("registry.key"), {name: kind.secret for name, kind in KINDS.items()})
        given = {
            "images": ImageStore(config.image_store),
            "mtu": config.mtu,
            "pack": config.placement == "pack",
            "image_cache_days": config.image_cache_days,
            "traits": traits(config.network_backend),
            **options,
        }
        backends = drivers(config, options.get("say_transfer", _silent))
        return cls(Registry(config.registry_url, stays, vault), backends, renderers(config.network_backend), **given)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop all connections."""
        for driver in self.drivers.values():
            driver.close()
        self.registry.close()

    def initialise(self) -> bool:
        """Migrate the registry, and declare what every cloud starts with; True when anything was new."""
        from stackwright.registry.migrate import migrate  # Alembic takes a while to load, and only this needs it
        from stackwright.registry.sealing import seal

        migrated = migrate(self.registry)
        sealed = seal(self.registry)
        renewed = self.registry.write(lambda txn: _renewed(txn, self.rules.kinds))
        founded = self.registry.write(_found)
        begun = self.ensure(Request((self._default_project(),), SYSTEM, project="")).changed
        added = self._add_flavors()
        return migrated or sealed or renewed or founded or begun or added

    def _default_project(self) -> Wish:
        """The project that there always is; what it is called from the second time on is its owner's business."""
        known = self.registry.read(lambda txn: txn.select(kind="project", key="default", wanted=True))
        return Wish("project", "default", spec={} if known else {"description": "Default project"})

    def _add_flavors(self) -> bool:
        """Declare the flavors that a new cloud starts with, once: those that were deleted since do not come back."""
        if self.registry.read(lambda txn: txn.setting(FLAVORS_SETTING)) != AWAITED:
            return False
        known = {row.key for row in self.registry.read(lambda txn: txn.select(kind="flavor"))}
        wishes = tuple(Wish("flavor", name, spec={} if name in known else spec) for name, spec in FLAVORS.items())
        added = self.ensure(Request(wishes, SYSTEM)).changed
        self.registry.write(lambda txn: txn.set_setting(FLAVORS_SETTING, "declared"))
        return added

    @contextmanager
    def run(self, request: Request) -> Iterator[Run]:
        """One converge's identity, whose leases end with it."""
        purpose = f"{request.actor.name}: " + (
            ", ".join(f"{wish.kind} {wish.key}" for wish in request.wishes[:3]) or "a look"
        )
        run = Run(self.registry, purpose, self.lease_seconds, request.timeout)
        try:
            yield run
        finally:
            run.release()

    def ensure(self, request: Request, check: bool = False) -> Result:
        """Make the request true; with `check`, say what that would take. See `converge.converge`."""
        with self._filled(request, check) as filled:
            result = converge.converge(self, filled, check)
            if not check:
                result = finished(self, filled, result)
        gone = [item for item in result.outcomes.values() if item.resource.kind == "image" and item.after is None]
        if gone and not check:
            self.clean_images()
        return result

    def clean_images(self) -> None:
        """Remove content that no image refers to from the image store, unless somebody is at work there."""
        if self.images:
            self.images.clean(self._contents)

    @contextmanager
    def _filled(self, request: Request, check: bool) -> Iterator[Request]:
        """The request with what inspection found of its images, whose content stays in the store meanwhile.

        What a request that is refused brought along goes again.
        """
        request = with_adopted(self, with_last_images(self, request))
        if self.images is None or not any(wish.kind == "image" or is_asked(wish) for wish in request.wishes):
            yield request
            return
        try:
            with self.images.use():
                filled = dataclasses.replace(request, wishes=self.images.filled(request.wishes, check))
                filled = with_shelves(self, filled, check)
                yield dataclasses.replace(filled, wishes=from_instances(self, filled, check))
        except StackwrightError:
            if not check:
                self.clean_images()
            raise

    def _contents(self) -> set[str]:
        """Checksums that images are recorded with, also those that are still being deleted."""
        return {row.spec["checksum"] for row in self.registry.read(lambda txn: txn.select(kind="image"))}

    def cancel(self, name: str, project: str = "default", actor: Actor = SYSTEM, check: bool = False) -> str:
        """Ask the run at work on a stack (name or id), or the run with this id, to begin nothing more.

        What that run is at work on, and who runs it; '' where nobody is at work. Raises NotFound.
        """
        self.rules.policy(actor, "cancel", "stack", project)
        stacks = [row.id for row in self.find("stack", name, project)]
        asked = stacks[0] if stacks else name
        purpose = self.registry.write(lambda txn: cancel(txn, asked, actor.name), commit=not check)
        if not stacks and not purpose:
            raise NotFound(f"{name} is neither a stack nor a run that is at work; mend the name")
        return purpose

    def drift(self) -> Result:
        """What differs between the record and the backends; changes nothing."""
        return converge.drift(self, Request((), SYSTEM))

    def purge(self, actor: Actor = SYSTEM, check: bool = False) -> Result:
        """Remove what carries our mark and is not declared; with `check`, only find it."""
        return converge.purge(self, Request((), actor), check)

    def look(self, ids: Iterable[str]) -> Observed:
        """What the backends hold of some resources right now: an instance's power, for one. Changes nothing."""
        picture = self.registry.read(lambda txn: take(txn, ids))
        scope = Scope(picture.scope, picture.hosts(self.everywhere, self.spread))
        return observe(picture, scope, self.drivers, self.rules.renderers)

    def known(self) -> frozenset[str]:
        """Ids of everything that is recorded."""
        return self.registry.read(lambda txn: frozenset(row.id for row in txn.select()))

    def picture(self) -> Picture:
        """Everything that is recorded."""
        return self.registry.read(take_all)

    def find(self, kind: str, name: str = "", project: str = "default") -> list[Resource]:
        """Resources of a kind that a project may see: all, or those with this name, alias or id.

        Raises NotFound for an unknown project, InvalidInput for an unknown kind.
        """
        if kind not in self.rules.kinds:
            raise InvalidInput(f"unknown kind {kind}; known are: {', '.join(self.rules.kinds)}")
        how = self.rules.kinds[kind]
        rows = self.registry.read(lambda txn: (txn.select(kind="project", key=project), txn.select(kind=kind)))
        if not rows[0]:
            raise NotFound(f"project {project} does not exist; declare it first")
        homes = ("", rows[0][0].id)
        seen = [row for row in rows[1] if row.project in homes or how.shared(row)]
        return [row for row in seen if not name or name in (row.name, row.id, row.spec.get(how.alias))]

    def events(
        self, limit: int = 100, after: int = 0, resource: str = "", project: str = "", owner: str = ""
    ) -> list[dict[str, Any]]:
        """The latest events, oldest first; of one resource (id), of one project (name), or of an owner (id) and all
        that it owns. Raises NotFound."""

        def read(txn: Transaction) -> list[dict[str, Any]]:
            found = txn.select(kind="project", key=project) if project else []
            if project and not found:
                raise NotFound(f"project {project} does not exist; mend the name")
            return txn.events(limit, after, resource, found[0].id if found else "", owner)

        return self.registry.read(read)

    def tell(self, kind: str, name: str = "", project: str = "default") -> list[dict[str, Any]]:
        """As `find`, as plain data for people; instances with the power state of the moment, groups with members."""
        rows = self.find(kind, name, project)
        picture = self.picture()
        told = [facts(row, picture) for row in sorted(rows, key=lambda row: row.name)]
        if kind == "server_group":
            told = [{**item, "members": members(item["id"], picture)} for item in told]
        if kind == "host":
            away = self.unreachable_hosts(rows)
            told = [{**item, "reachable": not away.get(item["id"]), "unreachable": away[item["id"]]} for item in told]
        powers = self.power_states(rows) if kind == "instance" else {}
        return [{**item, "power_state": powers[item["id"]]} if powers else item for item in told]

    def unreachable_hosts(self, hosts: Iterable[Resource]) -> dict[str, str]:
        """Host id -> why it does not answer at this moment, '' if it does, and since when runs have failed with it."""
        rows = {row.id: row for row in hosts}
        seen = self.look(rows)
        words = {place: said for (_, place), said in seen.unreachable.items()}
        found = {item: words.get(row.name, "") for item, row in rows.items()}
        return {item: f"{said}{self._failing_since(item)}" if said else "" for item, said in found.items()}

    def _failing_since(self, resource_id: str) -> str:
        """In words, when the first of its latest runs failed; '' if the latest one did not."""
        latest = itertools.takewhile(lambda event: event["action"] == "failed", self.events(resource=resource_id)[::-1])
        times = [event["at"] for event in latest]
        return f" (runs have failed with it since {iso(times[-1])})" if times else ""

    def power_states(self, instances: Iterable[Resource]) -> dict[str, str]:
        """Instance id -> running, paused, stopped, lost (it went down unasked), shelved, missing, or unknown.

        Unknown is one whose host does not answer.
        """
        rows = {row.id: row for row in instances}
        seen = self.look(rows)
        found = {item.resource: str(item.power) for item in seen.objects if hasattr(item, "power")}
        away = {place for _, place in seen.unreachable}
        return {item: found.get(item, _unseen(row, away)) for item, row in rows.items()}

    def console(self, instance: Resource, lines: int) -> str:
        """The last lines of an instance's serial console. Raises NotFound for one without, Unreachable, or Refused."""
        hosts = self.registry.read(lambda txn: txn.select(kind="host", name=instance.host))
        for driver in self.drivers.values():
            if hosts and hasattr(driver, "console"):
                return str(driver.console(instance.host, hosts[0].spec["uri"], instance.id, lines))
        raise NotFound(f"{instance.title} is on no host that has its console; see its status")


def _unseen(instance: Resource, away: Iterable[str]) -> str:
    """The power of what no host told of."""
    if instance.spec.get("shelved"):
        return "shelved"
    return "unknown" if instance.host in away else "missing"


def local_actor() -> Actor:
    """Whoever runs this process; under sudo, whoever called it."""
    return Actor(os.environ.get("SUDO_USER") or getpass.getuser())


def _found(txn: Any) -> bool:
    """Give the cloud its identity, once, and note what a run that is killed leaves to the next."""
    if txn.setting("cloud"):
        return False
    txn.set_setting(FLAVORS_SETTING, AWAITED)
    txn.set_setting("cloud", str(uuid.uuid4()))
    return True


def _renewed(txn: Transaction, kinds: Mapping[str, Kind]) -> bool:
    """Record specs as this library has them: a field that an older one did not know is not a change of anything."""
    found = False
    for row in txn.select():
        try:
            spec = kinds[row.kind].validate(row.spec, lambda kind, name: name)
        except InvalidInput:
            continue  # what is refused by now is told when it is declared again
        if spec != row.spec:
            txn.update(row, spec=spec)
            found = True
    return found
