"""``python -m benchmarks.child``: one case, described on standard input, in a process of its own.

Only so is the peak of memory that of the case, and nothing is warm from the case before.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from benchmarks.cases import Case, Machine, run_case
from benchmarks.material import ROOT
from benchmarks.timing import Plan
from mmtalker.errors import MMTalkerError


class CaseFailed(Exception):
    """A case gave no result; the message is the last that its process said."""


def run_apart(case: Case, machine: Machine, plan: Plan) -> dict[str, Any]:
    """Run a case in a new process.

    Raises:
        CaseFailed: it ended without a result.
    """
    order = {"case": asdict(case), "machine": asdict(machine), "plan": asdict(plan)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.child"],
        cwd=ROOT,
        input=json.dumps(order),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise CaseFailed(lines[-1])
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> int:
    """Run the case that standard input describes; the last line of standard output is its result."""
    order = json.load(sys.stdin)
    try:
        result = run_case(Case(**order["case"]), Machine(**order["machine"]), Plan(**order["plan"]))
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
