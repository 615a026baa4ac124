"""``python -m benchmarks``: measure every case, print a table, write ``speed.json``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import against
from benchmarks.apart import CaseFailed, run_apart
from benchmarks.cases import KINDS, all_cases, environment
from benchmarks.report import findings, machine_line, table
from benchmarks.setting import Case, Machine
from benchmarks.speed_tables import write_speed
from benchmarks.timing import Plan
from lab.circumstances import circumstances
from mmtalker.errors import MMTalkerError
from mmtalker.io.atomic import replacing

RESULT_NAME = "speed.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and measure; gives the exit status, 1 when a case failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "auto"), default="float32")
    parser.add_argument("--threads", type=int, default=0, help="of torch (default: its own choice)")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="folder of the result")
    parser.add_argument("--quick", action="store_true", help="the small cases alone, twice each")
    parser.add_argument("--weights", type=Path, help="folder of a trained model (default: the shipped one)")
    parser.add_argument("--only", nargs="+", choices=KINDS, metavar="KIND", help=f"of {', '.join(KINDS)}")
    parser.add_argument(
        "--against",
        metavar="REVISION",
        help="measure this revision in turn with the working tree, and compare",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the tables of README.md and the model card"
    )
    options = parser.parse_args(arguments)
    if options.write and (options.quick or options.only or options.against):
        parser.error("--write needs a full run: leave --quick, --only and --against out.")
    weights = None if options.weights is None else str(options.weights.resolve())
    machine = Machine(options.device, options.dtype, options.threads, weights)
    plan = Plan(runs=2, budget=10.0) if options.quick else Plan()
    cases = [case for case in all_cases(options.quick) if not options.only or case.kind in options.only]
    if find_spec("bpy") is None and any(case.kind == "generate" for case in cases):
        print("Blender is no module of this Python: what happens inside it is left out.", file=sys.stderr)
        cases = [case for case in cases if case.kind != "generate"]
    try:
        report = circumstances() | environment(machine)
        if options.against:
            return _compare(cases, machine, plan, options.against, report)
        report |= _measure(cases, machine, plan)
        target = options.out / RESULT_NAME
        with replacing(target) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        print(
            "\n".join(["", machine_line(report), "", table(report["cases"]), "", *findings(report["cases"])])
        )
        print(f"\nWrote {target}.")
        if options.write and not report["failed"]:
            for document in write_speed(report):
                print(f"Wrote the table of {document}.")
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if report["failed"] else 0


def _measure(cases: Sequence[Case], machine: Machine, plan: Plan) -> dict[str, Any]:
    done, failed = [], []
    for case in cases:
        print(f"· {case.name} ...", flush=True)
        try:
            done.append(run_apart(case, machine, plan))
        except CaseFailed as error:
            failed.append({"name": case.name, "reason": str(error)})
            print(f"  failed: {error}", file=sys.stderr)
    return {"cases": done, "failed": failed}


def _compare(
    cases: Sequence[Case], machine: Machine, plan: Plan, revision: str, report: dict[str, Any]
) -> int:
    found, failed = against.compare(cases, machine, plan, revision)
    print("\n".join(["", machine_line(report), "", against.table(found, revision), *failed]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
