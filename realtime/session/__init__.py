"""One run, wired: sources, stages, window, keys, playback, outputs."""
