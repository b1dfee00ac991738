"""Selection of ONNX Runtime execution providers, with the CPU as fallback."""

from __future__ import annotations

from collections.abc import Sequence

from realtime.core.errors import ConfigError

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
"""Short name -> ONNX Runtime's name."""

# The int8 experts are written for ONNX Runtime's CPU kernels; OpenVINO was measured and is no faster (see
# docs/lab/performance.md). For experts that were exported in half precision for a GPU, name its provider.
_AUTO = "cpu"


def provider_chain(wanted: str, available: Sequence[str]) -> list[str]:
    """Return ONNX Runtime provider names to try in order, always ending with the CPU.

    Args:
        wanted: "auto" or a key of `PROVIDERS`.
        available: what `onnxruntime.get_available_providers()` says.

    Raises:
        ConfigError: unknown name, or a provider that this install of ONNX Runtime does not have.
    """
    if wanted == "auto":
        return [PROVIDERS[_AUTO]]
    if wanted not in PROVIDERS:
        raise ConfigError(f"--provider must be auto or one of {', '.join(PROVIDERS)}; received {wanted!r}")
    name = PROVIDERS[wanted]
    if name not in available:
        here = ", ".join(short for short, full in PROVIDERS.items() if full in available)
        raise ConfigError(f"this onnxruntime has no {wanted} provider, only {here}; install the package that has it")
    return [name] if name == PROVIDERS["cpu"] else [name, PROVIDERS["cpu"]]


def short_name(provider: str) -> str:
    """Return the short name of an ONNX Runtime provider, or the name itself."""
    return next((short for short, full in PROVIDERS.items() if full == provider), provider)


def running_line(wanted: str, running: str) -> str:
    """Return a line about the provider in use; ONNX Runtime falls back to another one if a library is missing."""
    if wanted in ("auto", running):
        return f"provider {running}"
    return f"provider {running} ({wanted} could not be loaded: its driver or libraries are missing)"
