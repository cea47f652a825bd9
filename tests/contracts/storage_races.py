"""What the racing threads and processes of the driver contract do; importable by a fresh process."""

import hashlib
import multiprocessing
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from registry.storage.driver import ABSENT, ConditionFailed, Driver, Object, Upload, matching

Opener = Callable[[], Driver]
SPAWN = multiprocessing.get_context("spawn")


def scratch_file(driver: Driver, data: bytes) -> Path:
    path = driver.scratch() / f"contract-{os.getpid()}-{random.getrandbits(64):x}"
    path.write_bytes(data)
    return path


def sealed(data: bytes) -> bytes:
    """The bytes behind their own digest, so that a reader can tell whether they are whole."""
    return hashlib.sha256(data).hexdigest().encode() + data


def is_whole(data: bytes) -> bool:
    return hashlib.sha256(data[64:]).hexdigest().encode() == data[:64]


def increment(driver: Driver, key: str, times: int) -> None:
    for _ in range(times):
        while True:
            found = driver.read(key)
            value = int(found.data) if isinstance(found, Object) else 0
            condition = matching(found.stat) if isinstance(found, Object) else ABSENT
            try:
                driver.put(key, str(value + 1).encode(), condition)
                break
            except ConditionFailed:
                time.sleep(random.uniform(0, 0.02))


def increment_in_process(opener: Opener, key: str, times: int) -> None:
    increment(opener(), key, times)


def claim(driver: Driver, key: str, name: str) -> bool:
    try:
        driver.put(key, name.encode(), ABSENT)
    except ConditionFailed:
        return False
    return True


def claim_in_process(opener: Opener, keys: list[str], name: str) -> None:
    driver = opener()
    for key in keys:
        if claim(driver, key, name):
            driver.put(f"won/{name}/{key}", b"")


def write_for_ever(opener: Opener, seed: int) -> None:
    """Objects of all sizes, by put, from files and by appends, until the process is killed."""
    driver, rng = opener(), random.Random(seed)
    driver.put(f"ready/{seed}", b"")
    while True:
        data = sealed(rng.randbytes(rng.choice([0, 100, 300_000])))
        key = f"written/{rng.randrange(5)}"
        way = rng.randrange(4)
        if way == 0:
            driver.put(key, data)
        elif way == 1:
            driver.put(key, scratch_file(driver, data))
        elif way == 2:
            driver.delete(key)
        else:
            upload = driver.append(Upload(key), scratch_file(driver, data), final=True)
            driver.complete(upload)


def run_threads(work: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> None:
    threads = [Thread(target=work, args=args) for args in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_processes(work: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> None:
    processes = [SPAWN.Process(target=work, args=args) for args in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
        process.close()
