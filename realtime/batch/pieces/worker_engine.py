"""The networks of a worker process: loaded for its first task, kept for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.core.config import PipelineConfig

if TYPE_CHECKING:
    from realtime.session.build_pipeline import SequentialEngine

_engines: dict[PipelineConfig, SequentialEngine] = {}


def worker_engine(config: PipelineConfig) -> SequentialEngine:
    """Return this process's engine for `config`; that of another configuration is freed."""
    from realtime.session.build_pipeline import SequentialEngine

    if config not in _engines:
        for engine in _engines.values():
            engine.close()
        _engines.clear()
        _engines[config] = SequentialEngine(config)
    return _engines[config]
