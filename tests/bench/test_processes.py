import os
import subprocess
import sys

from bench.processes import cpu_seconds, find_program, resident_mib

BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"


def test_the_processor_time_of_descendants_counts() -> None:
    command = ["sh", "-c", '"$0" -c "$1"; true', sys.executable, BUSY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert cpu_seconds(process.pid) >= 0.25
        assert resident_mib(process.pid) > 1


def test_a_process_that_is_gone_took_nothing() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert cpu_seconds(process.pid) == 0


def test_a_program_is_found_by_its_name() -> None:
    assert find_program("sh")
    assert find_program("no-such-program-at-all") is None
    assert cpu_seconds(os.getpid()) > 0
