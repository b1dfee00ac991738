"""Hatch's build hook: fetches the networks that find faces, so that a wheel and an editable install have them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NetworksHook(BuildHookInterface):
    """Puts the networks' files beside the code before it is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Fetch what is missing, and name it: git, and so Hatch, ignores it otherwise."""
        sys.path.insert(0, str(Path(self.root) / "scripts"))
        from fetch_networks import FILES_DIR, NETWORK_FILES, fetch

        fetch()
        folder = FILES_DIR.relative_to(self.root).as_posix()
        build_data["artifacts"] += [f"{folder}/{file.name}" for file in NETWORK_FILES]
