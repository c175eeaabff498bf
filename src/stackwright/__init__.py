# SPDX-License-Identifier: Apache-2.0
"""Stackwright: a private cloud on plain Linux hosts. `stackwright.cloud.Cloud` is the way in."""
