# SPDX-License-Identifier: Apache-2.0
"""The tasks that took longest, out of the folder that Ansible's callback `junit` wrote to: slowest.py FOLDER."""

import re
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

seconds: Counter[str] = Counter()
for file in Path(sys.argv[1]).glob("*.xml"):
    for case in ET.parse(file).iter("testcase"):  # noqa: S314 - Ansible's own file
        host, title = re.findall(r"\[(.*?)\] (.*)", case.attrib["name"])[0]
        task = re.split(r" \w+=", title.split(": ", 1)[-1])[0]  # without its options
        seconds[task] = max(seconds[task], float(case.attrib["time"]))
print(f"the slowest host of each of {len(seconds)} tasks: {sum(seconds.values()):.0f} s together")
for task, took in seconds.most_common(12):
    print(f"{took:6.1f} s  {task}")
