# SPDX-License-Identifier: Apache-2.0
"""HOT templates: what people write, parsed and evaluated. Pure: files are read only where a template names them."""
