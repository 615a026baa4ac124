"""Reads damaged inputs within bounds and prints what went wrong: READER FIRST COUNT."""

from __future__ import annotations

import resource
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from mmtalker.errors import ErrorCode, MMTalkerError
from tests.fuzz.mutate import mutated
from tests.fuzz.originals import READERS, Reader

MEMORY = 1 << 30
"""Bytes that one input may add; addresses, not pages, so 4 GB asked for and never touched count too."""

CPU_SECONDS = 10.0
"""For one input; the slowest takes a fifth of a second."""


class TooSlow(BaseException):
    """No reader catches it."""


def _too_slow(*_: object) -> None:
    raise TooSlow


def _in_use() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def fault(reader: Reader, path: Path, seconds: float = CPU_SECONDS) -> str | None:
    """Read one input; return what is wrong where it gives neither a result nor a sentence in time."""
    before = signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        reader.read(path)
    except reader.sentences:
        return None
    except MMTalkerError as error:
        return str(error) if error.code in (ErrorCode.INTERNAL, ErrorCode.OUT_OF_MEMORY) else None
    except BaseException:
        return traceback.format_exc(limit=-3)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return None


def main(name: str, first: int, count: int) -> None:
    """Read ``count`` inputs from seed ``first`` on."""
    reader = READERS[name]
    original = reader.original()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"input{reader.suffix}"
        path.write_bytes(original)
        reader.read(path)  # sound, and everything is imported
        resource.setrlimit(resource.RLIMIT_AS, (_in_use() + MEMORY, resource.RLIM_INFINITY))
        for seed in range(first, first + count):
            path.write_bytes(mutated(original, seed))
            wrong = fault(reader, path)
            if wrong:
                print(f"{name} {seed}: {wrong}")
    print("done")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
