"""Names of execution providers, and which of them this machine has."""

from __future__ import annotations

from collections.abc import Sequence

from realtime.errors import ConfigError

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
"""Short name -> ONNX Runtime's name."""

# What "auto" tries, best first. The experts are small: the CPU is the safe end of the list.
_AUTO = ("cuda", "directml", "cpu")


def provider_chain(wanted: str, available: Sequence[str]) -> list[str]:
    """Return ONNX Runtime provider names to try in order, always ending with the CPU.

    Args:
        wanted: "auto" or a key of `PROVIDERS`.
        available: what `onnxruntime.get_available_providers()` says.

    Raises:
        ConfigError: unknown name, or a provider that this install of ONNX Runtime does not have.
    """
    if wanted == "auto":
        names = [PROVIDERS[name] for name in _AUTO if PROVIDERS[name] in available]
        return names or [PROVIDERS["cpu"]]
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
