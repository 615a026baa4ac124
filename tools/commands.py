"""The commands of ``build.py``: what each one is called, takes and does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tools import encoder, package
from tools.console import Fault, environment, run_guarded, say
from tools.environments import ROOT, Environment, blender_environment, ensure, main_environment
from tools.interpreters import PYTHON_OF_BLENDER

MINUTE = 60.0
ADDON_TESTS = "tests/addon"


def parser() -> argparse.ArgumentParser:
    """The command line of ``build.py``."""
    device = argparse.ArgumentParser(add_help=False)
    device.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="build of torch to install and use; auto (the default) takes CUDA where there is an NVIDIA GPU",
    )
    main_parser = argparse.ArgumentParser(
        prog="build.py", description="Set up, try, test and package MMTalker. Every command sets up first."
    )
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    setup = commands.add_parser(
        "setup", parents=[device], help="make .venv from the lock files and fetch the speech encoder"
    )
    setup.add_argument(
        "--train", action="store_true", help="add what rebuilds the canonical head and its chart"
    )

    demo = commands.add_parser(
        "demo", parents=[device], help="make a head speak; leaves the results in out/demo"
    )
    demo.add_argument("--out", default="out/demo", help="folder for the results (default: out/demo)")

    test = commands.add_parser(
        "test",
        parents=[device],
        help="run the tests",
        description="Run the quick tests in .venv. What is not an option of this command goes to pytest.",
        usage="build.py test [-h] [--device {auto,cpu,cuda}] [--all] [--blender {4.5,5.2}] [PYTEST ...]",
    )
    test.add_argument(
        "--all",
        dest="everything",
        action="store_true",
        help="slow tests too, and every Blender that this machine can have",
    )
    test.add_argument(
        "--blender",
        choices=sorted(PYTHON_OF_BLENDER),
        help="run only the add-on's tests, in this Blender; .venv-X is made where .venv has another one",
    )

    commands.add_parser("lint", parents=[device], help="check style and types")
    commands.add_parser(
        "bench", parents=[device], help="measure speed; what is not an option here goes to the benchmarks"
    )
    commands.add_parser(
        "package", parents=[device], help="write the extension that Blender installs to dist/"
    )
    return main_parser


def main(arguments: Sequence[str] | None = None) -> int:
    main_parser = parser()
    options, rest = main_parser.parse_known_args(arguments)
    if rest and options.command not in ("test", "bench"):
        main_parser.error(f"unrecognized arguments: {' '.join(rest)}")
    rest = [argument for argument in rest if argument != "--"]
    try:
        return _run(options, rest)
    except Fault as fault:
        print(f"\n{fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace, rest: list[str]) -> int:
    main_venv = main_environment(options.device, train=getattr(options, "train", False))
    ensure(main_venv)
    encoder.ensure(main_venv.python)
    match options.command:
        case "setup":
            say(
                f"Ready: .venv has Python {main_venv.interpreter.version}, Blender {main_venv.blender} and "
                f"torch's {main_venv.torch.upper()} build. Next: python3 build.py demo, or test."
            )
            return 0
        case "demo":
            return _module(main_venv, "demo", ["--device", options.device, "--out", options.out], 30 * MINUTE)
        case "test":
            return _test(main_venv, options.everything, options.blender, rest)
        case "lint":
            return _lint(main_venv)
        case "bench":
            return _module(main_venv, "benchmarks", ["--device", options.device, *rest], 60 * MINUTE)
        case _:
            target = package.build(main_venv.python)
            say(
                f"Wrote {target.relative_to(ROOT)} ({target.stat().st_size / 1e6:.1f} MB). In Blender: "
                "Edit > Preferences > Get Extensions > Install from Disk."
            )
            return 0


def _module(venv: Environment, name: str, arguments: Sequence[str], limit: float) -> int:
    return run_guarded([str(venv.python), "-m", name, *arguments], ROOT, environment(), limit)


def _test(main_venv: Environment, everything: bool, blender: str | None, rest: list[str]) -> int:
    limit = (60 if everything else 20) * MINUTE
    if blender is not None:
        return _addon_tests(main_venv, blender, rest, limit)
    selection = [] if everything else ["-m", "not slow"]
    status = _pytest(main_venv, main_venv, [*selection, *rest], limit)
    if everything:
        for other in sorted(PYTHON_OF_BLENDER):
            if other == main_venv.blender:
                continue
            if blender_environment(other) is None:
                say(
                    f"Python {PYTHON_OF_BLENDER[other]} is not on this machine: Blender {other} was left out."
                )
            else:
                status = _addon_tests(main_venv, other, [], limit) or status
    return status


def _addon_tests(main_venv: Environment, blender: str, rest: list[str], limit: float) -> int:
    venv = main_venv
    if main_venv.blender != blender:
        found = blender_environment(blender)
        if found is None:
            raise Fault(
                f"Blender {blender} as a module needs Python {PYTHON_OF_BLENDER[blender]}, which is neither "
                "on PATH nor under pyenv. Install it and run this again."
            )
        venv = found
        ensure(venv)
    return _pytest(venv, main_venv, [ADDON_TESTS, *rest], limit)


def _pytest(venv: Environment, backend: Environment, arguments: Sequence[str], limit: float) -> int:
    """Run pytest in ``venv``; the add-on under test starts ``backend``, which may be another Python."""
    env = environment(MMTALKER_BACKEND_PYTHON=str(backend.python))
    # The tests' tensors are small: threads would wait for each other, and for whatever else the machine does.
    env.setdefault("OMP_NUM_THREADS", "1")
    # pytest-blender would look for a Blender to run in; Blender is a module here.
    command = [str(venv.python), "-m", "pytest", "-p", "no:pytest-blender", *arguments]
    return run_guarded(command, ROOT, env, limit)


def _lint(venv: Environment) -> int:
    checks = (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "--output-format=concise", "."],
        ["mypy"],
    )
    status = 0
    for check in checks:
        say(f"· {' '.join(check)}")
        status = _module(venv, check[0], check[1:], 10 * MINUTE) or status
    return status
