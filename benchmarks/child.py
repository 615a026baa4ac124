"""``python -m benchmarks.child``: one case, described on standard input; see :mod:`benchmarks.apart`."""

from __future__ import annotations

import json
import os
import sys

from mmtalker.errors import MMTalkerError
from mmtalker.threads import share_processor


def main() -> int:
    """Run the case that standard input describes; the last line of standard output is its result."""
    share_processor()
    # Only now: numpy and torch read how they are to share it when they are loaded.
    from benchmarks.cases import run_case
    from benchmarks.setting import Case, Machine
    from benchmarks.timing import Plan

    order = json.load(sys.stdin)
    try:
        result = run_case(Case(**order["case"]), Machine(**order["machine"]), Plan(**order["plan"]))
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result), flush=True)
    if "bpy" in sys.modules:
        os._exit(0)  # Blender as a module does not end by itself while an add-on is registered
    return 0


if __name__ == "__main__":
    sys.exit(main())
