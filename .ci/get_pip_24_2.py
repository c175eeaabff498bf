# SPDX-License-Identifier: Apache-2.0
"""Put the pip that ansible-test asks for into the environment that runs this file.

ansible-test would fetch such a script from a site of its own. This one stands where it looks for a fetched one,
and takes pip from the configured package index, as everything else.
"""

import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if argument.startswith("pip==")]
pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
subprocess.run(pip, check=True)
