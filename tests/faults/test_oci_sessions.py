"""Uploads in several requests, whose server ends in the middle of one: the client goes on where the registry says."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from registry.storage.faults import EXIT_STATUS
from tests.builders.asking import Ask
from tests.builders.registry import Registry
from tests.faults.nodes import Site, in_one_node
from tests.protocols.oci.contract import BLOB

FIRST, SECOND = 6 << 20, 1 << 20
STEPS = ("first", "second", "last")


def steps_of(location: str, data: bytes) -> Sequence[Ask]:
    """The requests after the one that opens the upload: two chunks, and the end."""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return [
        Ask("PATCH", location, data[:FIRST], {**BLOB, "Content-Range": f"0-{FIRST - 1}"}),
        Ask("PATCH", location, data[FIRST:], {**BLOB, "Content-Range": f"{FIRST}-{len(data) - 1}"}),
        Ask("PUT", f"{location}?digest={digest}", b"", BLOB),
    ]


def opened(home: Registry) -> str:
    answer = home.ask(Ask("POST", "/v2/demo/blobs/uploads/", b""))
    assert answer.status == 202
    return answer.headers["location"]


def go_on(home: Registry, location: str, data: bytes) -> None:
    """Finish the upload as clients do: from the offset that the registry tells, or anew where it is gone."""
    told = home.get(location)
    if told.status == 404:
        location, offset = opened(home), 0
    else:
        assert told.status == 204
        offset = int(told.headers["range"].removeprefix("0-")) + 1
        offset = 0 if offset == 1 else offset
    assert offset in (0, FIRST, len(data))
    if offset < len(data):
        headers = {**BLOB, "Content-Range": f"{offset}-{len(data) - 1}"}
        assert home.ask(Ask("PATCH", location, data[offset:], headers)).status == 202
    assert home.ask(steps_of(location, data)[-1]).status == 201


def let_the_lease_end(home: Registry, location: str) -> None:
    """Let the time pass for which the crashed request keeps others from the upload."""
    session = location.rpartition("/")[2]
    storage = home.services.storage
    for item in storage.list("oci/"):
        if item.key.endswith(session):
            storage.update(item.key, lambda data: json.dumps({**json.loads(data or b""), "leased": 0.0}).encode())


@pytest.mark.parametrize("step", STEPS)
def test_an_upload_whose_server_crashed_goes_on(site: Site, step: str, tmp_path: Path) -> None:
    home, number = site.node(), STEPS.index(step)
    data = os.urandom(FIRST + SECOND)
    *before, crashing = steps_of(opened(home), data)[: number + 1]
    assert all(home.ask(ask).is_success for ask in before)
    log = tmp_path / "writes"
    assert in_one_node(site, [crashing], REGISTRY_FAILPOINT_LOG=str(log)) == 0
    writes = len(log.read_text().splitlines())
    assert writes
    for point in [*map(str, range(1, writes + 1)), f"{writes}.5"]:
        data = os.urandom(FIRST + SECOND)
        location = opened(home)
        *before, crashing = steps_of(location, data)[: number + 1]
        assert all(home.ask(ask).is_success for ask in before)
        assert in_one_node(site, [crashing], REGISTRY_FAILPOINT=point) == EXIT_STATUS
        restarted = site.node()
        let_the_lease_end(restarted, location)
        go_on(restarted, location, data)
        for node in (restarted, home):
            digest = hashlib.sha256(data).hexdigest()
            assert node.get(f"/v2/demo/blobs/sha256:{digest}").body == data


def test_an_upload_goes_on_at_another_node(site: Site) -> None:
    nodes = [site.node(), site.node(), site.node()]
    data = os.urandom(FIRST + SECOND)
    for node, ask in zip(nodes, steps_of(opened(nodes[2]), data), strict=True):
        assert node.ask(ask).is_success
    digest = hashlib.sha256(data).hexdigest()
    for node in nodes:
        assert node.get(f"/v2/demo/blobs/sha256:{digest}").body == data
