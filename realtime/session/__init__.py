"""Composition of a run: Analyser, sinks, window, keys, playback; the public API."""
