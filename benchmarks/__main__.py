"""``python -m benchmarks``: measure every case, print a table, write ``speed.json``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import KINDS, Machine, all_cases, environment
from benchmarks.child import CaseFailed, run_apart
from benchmarks.report import circumstances, findings, table
from benchmarks.timing import Plan
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
    options = parser.parse_args(arguments)
    weights = None if options.weights is None else str(options.weights.resolve())
    machine = Machine(options.device, options.dtype, options.threads, weights)
    plan = Plan(runs=2, budget=10.0) if options.quick else Plan()
    report = circumstances()
    try:
        report |= environment(machine)
    except MMTalkerError as error:
        print(error, file=sys.stderr)
        return 2
    cases, failed = [], []
    for case in all_cases(options.quick):
        if options.only and case.kind not in options.only:
            continue
        print(f"· {case.name} ...", flush=True)
        try:
            cases.append(run_apart(case, machine, plan))
        except CaseFailed as error:
            failed.append({"name": case.name, "reason": str(error)})
            print(f"  failed: {error}", file=sys.stderr)
    target = options.out / RESULT_NAME
    with replacing(target) as temporary:
        temporary.write_text(
            json.dumps(report | {"cases": cases, "failed": failed}, indent=2) + "\n", encoding="utf-8"
        )
    print(
        f"\n{report['device']}, {report['threads']} threads, torch {report['torch']}, {report['dtype']}, "
        f"{report['processor']}, commit {(report['commit'] or 'unknown')[:10]}, {report['date']}\n"
    )
    print(table(cases))
    print("\n".join(["", *findings(cases)]))
    print(f"\nWrote {target}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
