"""Updates of one record by many processes of many threads each."""

from pathlib import Path
from threading import Thread

from registry.storage.driver import Object
from registry.storage.filesystem import FilesystemDriver
from registry.storage.storage import Storage
from tests.contracts.storage_races import run_processes

PROCESSES, THREADS, TIMES = 4, 4, 8


def append_lines(root: Path, process: int) -> None:
    storage = Storage(FilesystemDriver(root))

    def work(thread: int) -> None:
        for number in range(TIMES):
            line = f"{process}.{thread}.{number}\n".encode()
            storage.update("npm/packages/busy/_ledger.jsonl", lambda data: (data or b"") + line)  # noqa: B023

    threads = [Thread(target=work, args=(thread,)) for thread in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def test_no_update_is_lost_and_each_writer_keeps_its_order(tmp_path: Path) -> None:
    run_processes(append_lines, [(tmp_path, process) for process in range(PROCESSES)])
    found = Storage(FilesystemDriver(tmp_path)).read("npm/packages/busy/_ledger.jsonl")
    assert isinstance(found, Object)
    lines = found.data.decode().split()
    assert len(lines) == PROCESSES * THREADS * TIMES
    for process in range(PROCESSES):
        for thread in range(THREADS):
            mine = [line for line in lines if line.startswith(f"{process}.{thread}.")]
            assert mine == [f"{process}.{thread}.{number}" for number in range(TIMES)]
