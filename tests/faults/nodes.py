"""Nodes: processes that share a store, forked from one that has imported everything already."""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from registry.config import StorageSettings
from tests.builders.asking import Answer, Ask
from tests.builders.registry import Registry

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.faults.nodes", "tests.contracts.adapter", "registry.storage.s3"])
PATIENCE = 120.0


@dataclass(frozen=True)
class Site:
    """A store and the tokens of its registry, as nodes are told of it."""

    directory: Path
    storage: StorageSettings
    tokens: Mapping[str, str]

    @classmethod
    def found(cls, directory: Path, storage: StorageSettings) -> "Site":
        """A new site on an empty store."""
        return cls(directory, storage, Registry(directory, storage).tokens)

    def node(self) -> Registry:
        """A registry that knows nothing yet of what is in the store, as after a restart."""
        return Registry(Path(mkdtemp(dir=self.directory)), self.storage, self.tokens)


def run_node(site: Site, work: Sequence[Sequence[Ask]], environ: Mapping[str, str], barrier: Any, results: Any) -> None:
    """Carry out each list of requests, all nodes beginning each at the same instant; tell the last answers."""
    os.environ.update(environ)
    node = site.node()
    answers = []
    for asks in work:
        if barrier is not None:
            barrier.wait(PATIENCE)
        answers.append(node.run(asks))
    results.send([(answer.status, answer.everything()) for answer in answers])


def in_one_node(site: Site, asks: Sequence[Ask], **environ: str) -> int | None:
    """How a process ended that carried out the requests."""
    _, sender = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=run_node, args=(site, [asks], environ, None, sender))
    process.start()
    process.join(PATIENCE)
    return process.exitcode


def in_nodes(site: Site, works: Sequence[Sequence[Sequence[Ask]]]) -> list[list[tuple[int, str]]]:
    """The answers in as many processes as there are works: for each its statuses and texts."""
    barrier = FORKED.Barrier(len(works))
    receivers, processes = [], []
    for work in works:
        receiver, sender = FORKED.Pipe(duplex=False)
        process = FORKED.Process(target=run_node, args=(site, work, {}, barrier, sender))
        process.start()
        sender.close()
        receivers.append(receiver)
        processes.append(process)
    results = [receiver.recv() if receiver.poll(PATIENCE) else [] for receiver in receivers]
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0] * len(processes)
    return results


def succeeded(status: int) -> bool:
    return Answer(status, "", {}, b"").is_success
