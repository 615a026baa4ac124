"""``python -m demo``: the whole of MMTalker once, from an empty scene to files, pictures and figures."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn


def main() -> int:
    """Read the command line and run; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for the results")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="for the speech model"
    )
    parser.add_argument("--fps", type=float, default=30.0, help="frames per second of the scene")
    options = parser.parse_args()
    if not 1.0 <= options.fps <= 240.0:
        parser.error("--fps has to be from 1 to 240")
    with tempfile.TemporaryDirectory(prefix="mmtalker-demo-") as folder:
        # Blender reads these when it is imported: no setting of the user's own may play a part.
        os.environ["BLENDER_USER_RESOURCES"] = folder
        os.environ.setdefault("MMTALKER_BACKEND_PYTHON", sys.executable)
        from demo.run import run

        return run(options.out, options.device, options.fps)


def leave(status: int) -> NoReturn:
    """End at once: Blender as a module can hang for ever in an ordinary exit."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    try:
        leave(main())
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        leave(130)
    except Exception:
        traceback.print_exc()
        leave(1)
