"""Programs that run while they are measured: started on a free port, watched, and stopped by their own process id."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.load import Request, ask

PEERS = Path(__file__).parents[1] / ".peers"
START_SECONDS = 90.0

_TICKS = os.sysconf("SC_CLK_TCK")


def find_program(name: str) -> str | None:
    """The program of that name, from .peers/bin (filled by `make peers`) or from the system; None where it is not."""
    return shutil.which(name, path=os.pathsep.join([str(PEERS / "bin"), os.environ.get("PATH", ""), "/usr/sbin"]))


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], probe: str, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, once it answers at the URL `probe`; its output goes to `log`. It is stopped in the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, env={**os.environ, **(environ or {})}, stdout=output, stderr=output)
    try:
        _wait_for(process, probe, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], probe: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            ask(Request("GET", probe))
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text()[-2000:]}")


def cpu_seconds(pid: int) -> float:
    """The processor time that the process and its descendants took so far, in user and system mode."""
    children: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # proc(5): the fields behind the name are state, ppid, …; utime, stime and those of the dead are 14 to 17.
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            used[int(entry.name)] = sum(map(int, fields[11:15]))
    total, pending = 0, [pid]
    while pending:
        current = pending.pop()
        total += used.get(current, 0)
        pending += children.get(current, [])
    return total / _TICKS


def resident_mib(pid: int) -> float:
    """The proportional set size of the process and its descendants, in MiB."""
    total, pending = 0, [pid]
    while pending:
        current = Path(f"/proc/{pending.pop()}")
        try:
            rollup = (current / "smaps_rollup").read_text()
            pending += [int(child) for task in (current / "task").iterdir() for child in _children(task)]
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def _children(task: Path) -> list[str]:
    return (task / "children").read_text().split()
