# SPDX-License-Identifier: Apache-2.0
"""What consists of others: groups, chains, stacks inside a stack. Their attributes come from their members."""

from __future__ import annotations

from stackwright.orchestration.constraints import Length, Range
from stackwright.orchestration.types import common
from stackwright.orchestration.types.base import ANY, Attribute, Lacking, Prop, Type

MEMBERS = {
    "refs": Attribute("What get_resource gives for each member, as a list."),
    "attributes": Attribute("One attribute of each member, by the member's name."),
    ANY: Attribute("One attribute of each member, as a list; resource.NAME.ATTRIBUTE that of one member."),
}
BATCH = {
    "max_batch_size": Prop("integer", "How many members at a time.", default=1, constraints=(Range(1),)),
    "pause_time": Prop("number", "Seconds between them.", default=0, constraints=(Range(0),)),
}
SPARED = Prop("integer", "How many members are left alone meanwhile.", default=0, constraints=(Range(0),))
GROUP = Type(
    name="OS::Heat::ResourceGroup",
    made_of="group",
    update_policy=Prop(
        "map",
        schema={
            "rolling_update": Prop(
                "map", "How those change that are there.", schema={**BATCH, "min_in_service": SPARED}
            ),
            "batch_create": Prop("map", "How those come that are new.", schema=BATCH),
        },
    ),
    properties={
        "count": Prop("integer", "How many members.", default=1, constraints=(Range(0),)),
        "index_var": Prop(
            description="What stands for a member's number.", default="%index%", constraints=(Length(3),)
        ),
        "resource_def": Prop(
            "map",
            "What each member is.",
            required=True,
            schema={
                "type": Prop(description="Its type.", required=True),
                "properties": Prop("map", "Its properties."),
                "metadata": Prop("map", "Its metadata."),
            },
        ),
        "removal_policies": Prop(
            "list",
            "Which members go first.",
            default=[],
            schema=Prop("map", schema={"resource_list": Prop("list", "Names or references of members.", default=[])}),
        ),
        "removal_policies_mode": common.chosen(
            "Whether members named before stay named.", "append", "update", default="append"
        ),
    },
    values={
        **MEMBERS,
        "refs_map": Attribute("What get_resource gives for each member, by its name."),
        "removed_rsrc_list": Attribute("Names of the members that it has to do without."),
    },
)
CHAIN = Type(
    name="OS::Heat::ResourceChain",
    made_of="chain",
    properties={
        "resources": Prop("list", "Their types.", required=True),
        "concurrent": Prop("boolean", "Whether they do not wait for each other.", default=False),
        "resource_properties": Prop("map", "The properties of all."),
    },
    values=MEMBERS,
)
ELSEWHERE = "cannot be had: the stack is made in this cloud, by the one who makes the outer one"
STACK = Type(
    name="OS::Heat::Stack",
    made_of="stack",
    properties={
        "context": Prop(
            "map",
            "Where the stack is made.",
            schema={
                "region_name": Prop(description="The region.", constraints=(Lacking(ELSEWHERE, but=("RegionOne",)),)),
                "credential_secret_id": common.lacking("string", "A secret with credentials.", ELSEWHERE),
                "ca_cert": common.lacking("string", "The certificate of another cloud.", ELSEWHERE),
                "insecure": Prop("boolean", "Whether to trust anybody.", default=False),
            },
        ),
        "template": Prop(description="The template, as text.", required=True),
        "timeout": Prop("integer", "It has no effect: the outer stack has one."),
        "parameters": Prop("map", "Values of its parameters.", default={}),
    },
    values={"stack_name": Attribute("Its name."), "outputs": Attribute("Its outputs, by name.")},
)
TYPES = (GROUP, CHAIN, STACK)
