"""Fetches the three networks that find faces: out of MediaPipe's wheel, which is downloaded and not installed.

    python scripts/fetch_networks.py

Every way of setting up runs this: `make setup` by itself, and `pip install .`, `uv run` and building a wheel through
`scripts/build_hook.py`. It needs pip and the network, once; what is there already is left. pip takes the wheel from the
index that it is configured for, and refuses any other bytes than those with the hash below.

Why so: the files are MediaPipe's (Apache License 2.0), its later wheels do not carry them, and it has no wheel that
carries them for Python 3.13. Any machine can take them out of the one below, whatever its own system and Python are.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Not installed while the build hook runs.
sys.path.insert(0, str(ROOT))

from models.errors import ModelError  # noqa: E402
from realtime.landmarks.networks.network_files import FILES_DIR, NETWORK_FILES, is_whole  # noqa: E402

_REQUIREMENT = "mediapipe==0.10.21 --hash=sha256:956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5\n"
_THAT_WHEEL = ("--python-version", "3.12", "--implementation", "cp", "--platform", "manylinux_2_28_x86_64")


def fetch(folder: Path = FILES_DIR) -> list[Path]:
    """Put the files that are missing or altered into a folder, and return those.

    Raises:
        ModelError: they could not be fetched; the message has pip's last line.
    """
    missing = [file for file in NETWORK_FILES if not is_whole(folder / file.name, file)]
    if not missing:
        return []
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(_download(Path(scratch))) as wheel:
        contents = {file: wheel.read(f"mediapipe/modules/{file.path}") for file in missing}
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        beside = folder / f"{file.name}.part"
        beside.write_bytes(content)
        if not is_whole(beside, file):
            raise ModelError(f"{beside} must have the SHA-256 {file.sha256} and has not; tell the project")
        beside.replace(folder / file.name)
    return [folder / file.name for file in missing]


def _download(folder: Path) -> Path:
    """Return MediaPipe's wheel, downloaded by pip."""
    requirement = folder / "wheel.txt"
    requirement.write_text(_REQUIREMENT, "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary", ":all:", *_THAT_WHEEL, "--require-hashes", "-r", str(requirement)]
    done = subprocess.run([*command, "--dest", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no word of pip"]
        raise ModelError(f"the networks that find faces cannot be downloaded ({said[-1]}); connect to the network, or "
                         f"copy their files from another installation into {FILES_DIR}")  # fmt: skip
    return next(folder.glob("*.whl"))


if __name__ == "__main__":
    try:
        for path in fetch():
            print(f"fetched {path.name}")
    except ModelError as error:
        sys.exit(f"error: {error}")
