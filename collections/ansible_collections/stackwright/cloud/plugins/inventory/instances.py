# Copyright: Contributors to the Stackwright project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: instances
short_description: Instances of a cloud as hosts
version_added: 0.1.0
author:
  - Contributors to the Stackwright project (@stackwright)
description:
  - Asks the controller of a cloud for its instances, by one SSH call, and makes each of them a host.
  - The name of a configuration file ends with C(stackwright.yml) or C(stackwright.yaml).
  - A host has the name of its instance. Where instances of several projects or stacks share a name, or another
    inventory source has a host of that name, a hyphen and the first eight characters of the instance's id are appended.
  - What is known of an instance becomes variables of the host, whose names begin with C(stackwright_). C(ansible_host)
    is the address that it is reached at. An instance without a suitable address has none.
  - A host is in the groups C(stack_NAME), C(network_NAME) for each of its networks, C(zone_NAME), C(image_NAME), and
    C(meta_KEY_VALUE) for each of its metadata. In names of groups, characters that Ansible does not allow become
    underscores.
options:
  plugin:
    description:
      - Marks the file as one of this plugin.
    type: str
    required: true
    choices:
      - stackwright.cloud.instances
  project:
    description:
      - Name of the project whose instances are wanted. Without it, those of all projects are.
    type: str
  stacks:
    description:
      - Names of the stacks whose instances are wanted; of nested stacks the outermost counts. Without any, all
        instances are wanted, whether they are part of a stack or not.
    type: list
    elements: str
    default: []
  states:
    description:
      - The power states of the instances that are wanted. Without any, all instances are, also those that are stopped.
      - V(lost) is one that went down by itself, V(shelved) one that is on no host on purpose, V(missing) one that
        its host does not have, and V(unknown) one whose host does not answer.
    type: list
    elements: str
    choices:
      - running
      - paused
      - stopped
      - lost
      - shelved
      - missing
      - unknown
    default: []
  networks:
    description:
      - Names of networks whose addresses are preferred for C(ansible_host), the best first. Other networks follow, in
        the order of the instance's network cards.
    type: list
    elements: str
    default: []
  use_floating:
    description:
      - Whether C(ansible_host) is a floating address.
      - V(prefer) takes one where there is any, and a fixed address otherwise.
      - V(only) takes none but floating addresses, V(never) none but fixed ones.
    type: str
    choices:
      - prefer
      - only
      - never
    default: prefer
extends_documentation_fragment:
  - stackwright.cloud.ssh
  - constructed
  - inventory_cache
notes:
  - How to log in at the instances is not guessed. C(ansible_user) and the key are set by O(compose), or in
    C(group_vars) of a group.
  - SSH is never asked for a password. The controller is reached with a key or an agent.
"""

EXAMPLES = r"""
# instances.stackwright.yml beside hosts.yml, which has the host cloud1: all instances.
plugin: stackwright.cloud.instances
controller: cloud1

---

# A controller that no other inventory source knows; only what runs, and how to log in at it.
plugin: stackwright.cloud.instances
controller: 192.0.2.10
remote_user: admin
command: sudo -n stackwright
project: shop
states:
  - running
compose:
  ansible_user: "'debian'"
groups:
  small: stackwright_flavor in ['m1.tiny', 'm1.small']
keyed_groups:
  - key: stackwright_host
    prefix: host

---

# On the controller itself, the instances of one stack by their fixed addresses on the network mgmt, if they have any.
plugin: stackwright.cloud.instances
controller: localhost
stacks:
  - shop
use_floating: never
networks:
  - mgmt
"""

import json
from collections import Counter

from ansible import constants as C
from ansible.errors import AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.inventory.helpers import get_group_vars, sort_groups
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources
from ansible_collections.stackwright.cloud.plugins.plugin_utils._controller import Controller


def _safe(name):
    """As Ansible makes names of groups valid where it is told to; here always, and without a warning."""
    return to_safe_group_name(name, force=True, silent=True)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Ask, choose, name, add: in this order."""

    NAME = "stackwright.cloud.instances"
    _sanitize_group_name = staticmethod(_safe)

    def verify_file(self, path):
        """Whether the file is one of ours, by its name."""
        return super().verify_file(path) and path.endswith(("stackwright.yml", "stackwright.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        """Add a host for each instance that is wanted. Raises AnsibleParserError where the cloud cannot be asked."""
        super().parse(inventory, loader, path, cache=cache)
        config = self._read_config_data(path)
        self._known = self._controller_variables()
        self.set_options(direct=config, var_options={**self._known, **self._vars})
        instances = self._instances(path, cache)
        names = self._names(instances)
        for instance in filter(self._wanted, instances):
            self._add(names[instance["id"]], instance)

    def _controller_variables(self):
        """What earlier inventory sources say of the controller; nothing where it is not their host."""
        host = self.inventory.hosts.get(self.get_option("controller"))
        if host is None:
            return {}
        groups = sort_groups({self.inventory.groups["all"], *host.get_groups()})
        said = combine_vars(get_group_vars(groups), self._beside_inventory(groups))
        said = combine_vars(combine_vars(said, host.get_vars()), self._beside_inventory([host]))
        self.templar.available_variables = combine_vars(said, self._vars)
        return {name: self.templar.template(said[name]) for name in said if name.startswith("ansible_")}

    def _beside_inventory(self, entities):
        """Variables out of group_vars and host_vars."""
        return get_vars_from_inventory_sources(self.loader, self.inventory.processed_sources, entities, "all")

    def _instances(self, path, cache):
        """What the controller answers, or answered: a refresh asks anew, and renews the cache."""
        if not self.get_option("cache"):
            return self._ask()
        key = self.get_cache_key(f"{path} {self.get_option('controller')} {self.get_option('project')}")
        if cache:
            try:
                return self._cache[key]
            except KeyError:
                pass  # nobody has asked yet, or too long ago
        self._cache[key] = self._ask()
        return self._cache[key]

    def _ask(self):
        asked = ["inventory", "--json"]
        if self.get_option("project"):
            asked += ["--project", self.get_option("project")]
        answer = Controller(self.get_option, here=self._known.get("ansible_connection") == "local").run(asked)
        try:
            return [{**item, "id": item["id"], "name": item["name"]} for item in json.loads(answer)]
        except (ValueError, TypeError, KeyError) as error:
            raise AnsibleParserError(
                f"controller {self.get_option('controller')} answered with something else than a list of instances in "
                f"JSON ({error}); what its shell prints at the start of a session must not go to standard output"
            ) from None

    def _names(self, instances):
        """Id -> name of the host; over all instances, so that a host is not renamed when another one is stopped."""
        shared = Counter(item["name"] for item in instances)
        return {item["id"]: self._name(item, shared[item["name"]] > 1) for item in instances}

    def _name(self, instance, shared):
        taken = instance["name"] in C.LOCALHOST or instance["name"] in self.inventory.hosts
        if not taken and not shared:
            return instance["name"]
        name = f"{instance['name']}-{instance['id'][:8]}"
        if taken:
            self.display.warning(
                f"Instance {instance['name']} is the host {name}: there is another host {instance['name']}"
            )
        return name

    def _wanted(self, instance):
        stacks, states = self.get_option("stacks"), self.get_option("states")
        if stacks and instance["stack"] not in stacks:
            return False
        if not states or instance["power_state"] in states:
            return True
        if instance["power_state"] == "unknown":
            self.display.warning(
                f"Instance {instance['name']} is left out: its host {instance['host']} does not answer, "
                "so nobody knows its power state"
            )
        return False

    def _add(self, name, instance):
        # What users of the cloud wrote is never a template.
        variables = wrap_var({f"stackwright_{key}": value for key, value in instance.items()})
        address = self._address(instance["addresses"])
        if address:
            variables["ansible_host"] = address
        else:
            self.display.warning(f"Instance {name} has no address that use_floating allows; it gets no ansible_host")
        self.inventory.add_host(name)
        for variable, value in variables.items():
            self.inventory.set_variable(name, variable, value)
        for group in _groups(instance):
            self.inventory.add_child(self.inventory.add_group(_safe(group)), name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)

    def _address(self, addresses):
        """The best one for a connection; None where none is allowed."""
        best = self.get_option("networks")
        ordered = sorted(
            addresses, key=lambda item: best.index(item["network"]) if item["network"] in best else len(best)
        )
        floating = [item["floating_ip_address"] for item in ordered if item["floating_ip_address"]]
        fixed = [item["ip_address"] for item in ordered]
        allowed = {"prefer": floating + fixed, "only": floating, "never": fixed}[self.get_option("use_floating")]
        return next(iter(allowed), None)


def _groups(instance):
    """Names of the groups that an instance is in, as they are before characters are replaced."""
    yield from (f"network_{name}" for name in sorted({item["network"] for item in instance["addresses"]}))
    yield from (f"meta_{key}_{value}" for key, value in instance["metadata"].items())
    for prefix, key in (("stack", "stack"), ("zone", "availability_zone"), ("image", "image")):
        if instance[key]:
            yield f"{prefix}_{instance[key]}"
