"""A process that ends at any write of a publish leaves the old state or the new one, and a retry completes it."""

from pathlib import Path

import pytest

from registry.storage.faults import EXIT_STATUS
from tests.builders.registry import Registry
from tests.contracts.adapter import Adapter
from tests.faults.nodes import Site, in_one_node
from tests.faults.stores import BUCKET

OLD, NEW = "1.0.0", "2.0.0"


def content(package: str, version: str) -> bytes:
    """Bytes that nothing else has, so that each publish writes all it has to write."""
    return f"{package} {version}".encode()


def check_offers(registry: Registry, adapter: Adapter, package: str) -> set[str]:
    """The versions of the package; all that the index offers is served as it says."""
    offers = adapter.offers(registry.reader(), package)
    for offer in offers.values():
        answer = registry.get(offer.path)
        assert answer.status == 200
        assert offer.fits(answer.body)
    return set(offers)


def count_writes(site: Site, adapter: Adapter, package: str, version: str, log: Path) -> int:
    """How many writes the publish is made of."""
    asks = adapter.publish(version, content(package, version), package)
    assert in_one_node(site, asks, REGISTRY_FAILPOINT_LOG=str(log)) == 0
    return len(log.read_text().splitlines())


@pytest.mark.parametrize(
    ("site", "before"),
    [("filesystem", set()), ("filesystem", {OLD}), (BUCKET, {OLD})],
    ids=["first-filesystem", "second-filesystem", f"second-{BUCKET}"],
    indirect=["site"],
)
def test_a_crash_at_any_write_leaves_the_old_state_or_the_new(
    site: Site, adapter: Adapter, before: set[str], tmp_path: Path
) -> None:
    witness = site.node()
    # What only the first publish of all writes, as the last use of a token and the key that signs, is there now.
    assert witness.run(adapter.publish(package="warm")).is_success
    if before:
        assert witness.run(adapter.publish(OLD, content("dry", OLD), "dry")).is_success
    writes = count_writes(site, adapter, "dry", NEW, tmp_path / "writes")
    assert writes >= 3
    seen = set()
    # To end after a write is to end before the next one.
    for point in [*map(str, range(1, writes + 1)), f"{writes}.5"]:
        package = f"demo-{point.replace('.', '-')}"
        for version in before:
            assert witness.run(adapter.publish(version, content(package, version), package)).is_success
        asks = adapter.publish(NEW, content(package, NEW), package)
        assert in_one_node(site, asks, REGISTRY_FAILPOINT=point) == EXIT_STATUS

        restarted = site.node()
        found = check_offers(restarted, adapter, package)
        assert found in (before, before | {NEW})
        assert check_offers(witness, adapter, package) == found
        assert package in adapter.listed(restarted.reader()) or not before
        seen.add(len(found))

        assert restarted.run(asks).is_success
        for registry in (restarted, witness):
            assert check_offers(registry, adapter, package) == before | {NEW}
            assert package in adapter.listed(registry.reader())
    assert len(seen) == 2
    witness.services.storage.sweep(0)
    assert witness.scratch() == []
