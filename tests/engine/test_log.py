"""Logs of several Blenders side by side, and of those before them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mmtalker_addon.engine.log import latest_worker_log, open_log, remove_old_worker_logs, worker_log

ROOT = Path(__file__).resolve().parents[2]


def write_log(folder: Path, process: int, age: float) -> Path:
    path = folder / f"worker-{process}.log"
    path.write_text("words\n", encoding="utf-8")
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def test_two_processes_do_not_share_a_log(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from mmtalker_addon.engine.log import worker_log\n"
        "print(worker_log(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    other = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    assert Path(other.strip()).parent == worker_log(tmp_path).parent
    assert Path(other.strip()) != worker_log(tmp_path)


def test_the_newest_five_stay(tmp_path: Path) -> None:
    paths = [write_log(tmp_path, 100 + age, age) for age in range(8)]
    (tmp_path / "set_up.log").write_text("not a worker's", encoding="utf-8")
    remove_old_worker_logs(tmp_path)
    assert sorted(tmp_path.glob("worker-*")) == paths[:5]
    assert (tmp_path / "set_up.log").is_file()


def test_nothing_to_remove_is_no_error(tmp_path: Path) -> None:
    remove_old_worker_logs(tmp_path / "none")
    assert latest_worker_log(tmp_path / "none") is None


def test_our_own_log_is_shown_and_before_it_there_is_one_the_last(tmp_path: Path) -> None:
    write_log(tmp_path, 1, age=60.0)
    last = write_log(tmp_path, 2, age=5.0)
    assert latest_worker_log(tmp_path) == last
    open_log(worker_log(tmp_path)).close()
    assert latest_worker_log(tmp_path) == worker_log(tmp_path)
