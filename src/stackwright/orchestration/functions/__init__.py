# SPDX-License-Identifier: Apache-2.0
"""The functions of templates. Which version has which stands in orchestration/versions.py."""
