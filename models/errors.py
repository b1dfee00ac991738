"""Base of the error tree, and the errors that `models` and `export` raise; `realtime.core.errors` shows all of it."""

from __future__ import annotations


class EmotionLiveError(Exception):
    """Base of every error that is meant for the user: one line with the rule, the value and the next step."""


class ConfigError(EmotionLiveError):
    """An option has a value that the program cannot work with."""


class ModelError(EmotionLiveError):
    """A model file or its manifest is missing, altered or does not fit the program."""


class DataError(EmotionLiveError):
    """A table of labels, an image folder or a built data set is not what the command needs."""
