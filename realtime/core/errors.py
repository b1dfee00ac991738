"""The error tree: every error that the program raises on purpose.

```
EmotionLiveError            base; run_live prints it in one line and exits with code 1
+- ConfigError              an option that cannot work (another of the same kind than click can refuse)
+- DataError                labels or images that a training or evaluation command cannot use
+- ModelError               manifest or model file missing, altered or of the wrong shape
+- SourceError              no frames from the source
|  +- SourceOpenError       the camera, file or stream did not open
|  +- SourceReadError       it opened and then failed
+- RecordError              a video or a table cannot be written
+- OutletError              the live page cannot be served, or the virtual camera not be fed
+- StageError               a pipeline stage failed; carries `stage` and `frame_index`
```

A message states the rule, the value received and the next step. Credentials in a stream's address are removed before
the address reaches a message: see `redact`.
"""

from __future__ import annotations

import re

from models.errors import ConfigError, DataError, EmotionLiveError, ModelError

__all__ = [
    "ConfigError",
    "DataError",
    "EmotionLiveError",
    "ModelError",
    "OutletError",
    "RecordError",
    "SourceError",
    "SourceOpenError",
    "SourceReadError",
    "StageError",
    "redact",
]

# Greedy up to the last @, across spaces and slashes: a password may itself contain any of them.
_CREDENTIALS = re.compile(r"(?s)(?<=://).*@")
# The same for an address whose beginning is mistyped, as "rtsp:/user:password@host" or "user:password@host"; not for a
# file's drive letter, and not for a path from the root.
_MISTYPED = re.compile(r"(?s)^([a-z][\w+.-]+(?:[:;][/\\]+|[/\\]{2,}))?(?(1).*|[^\s/\\:@][^:@]+:.*)@", re.IGNORECASE)
# Cameras also have keys in the path, as "/user=admin_password=secret_channel=1". A value goes on to the next "&": where
# else it ends, nobody can tell from a password. In the path of a file the same is a folder's name and is kept.
_ADDRESS = re.compile(r"(?i)[a-z][\w+.-]+(?:[:;]|[/\\]{2})")
_SECRET_KEY = (
    r"(?:[^=&?/\s]*(?:pas|pwd|psw|pw|token|key|secret|auth|sig|user|usr|loginuse|login|cred|sess|sid|pin|code|hash|jwt"
    r"|ticket|account)[^=&/\s]*|u|p|un)"
)
_SECRET_VALUE = re.compile(rf"(?is)([?&]{_SECRET_KEY}=)[^&]*")
_SECRET_IN_PATH = re.compile(rf"(?is)([?&;/,:_]{_SECRET_KEY}=)[^&]*")


class SourceError(EmotionLiveError):
    """The source delivers no frames."""


class SourceOpenError(SourceError):
    """The camera, file or stream did not open."""


class SourceReadError(SourceError):
    """The source opened, and then failed before its end."""


class RecordError(EmotionLiveError):
    """A recording or a table cannot be written; what was written until then stays readable."""


class OutletError(EmotionLiveError):
    """The live page cannot be served, or the virtual camera cannot be fed."""


class StageError(EmotionLiveError):
    """A pipeline stage failed on a frame; the cause is chained.

    Attributes:
        stage: `str`, the worker's name: "capture", "landmarks" or "classify".
        frame_index: `int` or `None`, the frame that it was working on, counted from 0.
    """

    def __init__(self, stage: str, frame_index: int | None, reason: str) -> None:
        self.stage = stage
        self.frame_index = frame_index
        where = "before the first frame" if frame_index is None else f"on frame {frame_index}"
        # What a library says may have several lines.
        said = " ".join(reason.split())
        super().__init__(f"the {stage} stage failed {where}: {said}; run with --debug for the trace")


def redact(address: str) -> str:
    """Return `address` without user name, password or secret values, fit for a log or an error.

    Args:
        address: `str`, a stream's address, its scheme perhaps mistyped, or a file's path; not a sentence with one.
    """
    secrets = _SECRET_IN_PATH if _ADDRESS.match(address) else _SECRET_VALUE
    last_at = address.rfind("@")
    for found in secrets.finditer(address):
        if found.start() < last_at < found.end():
            # Whether that @ ends a user's password or stands in a value, nobody can tell: both are hidden.
            scheme, mark, _ = address.partition("://")
            hidden = f"{scheme}://***" if mark and re.fullmatch(r"[\w+.-]+", scheme) else "***"
            return hidden + secrets.sub(r"\1***", address[found.end() :])
    if "://" in address:
        without = _CREDENTIALS.sub("***@", address)
    else:
        without = _MISTYPED.sub(lambda found: f"{found[1] or ''}***@", address)
    return secrets.sub(r"\1***", without)
