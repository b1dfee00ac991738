"""What of the backends for the networks is installed here."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_litert = pytest.mark.skipif(find_spec("ai_edge_litert") is None, reason="LiteRT has no wheel for this machine")
needs_mediapipe = pytest.mark.skipif(find_spec("mediapipe") is None, reason="compares with MediaPipe 0.10.21")
