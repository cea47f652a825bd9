"""Several processes that publish at the same instant: nothing acknowledged is lost, and one version has one content."""

from tests.contracts.adapter import Adapter
from tests.faults.nodes import Site, in_nodes, succeeded

NODES = 8
VERSIONS = 3
ROUNDS = 12


def test_eight_nodes_that_publish_one_package_lose_no_version(site: Site, adapter: Adapter) -> None:
    versions = [[f"{node}.{number}.0" for number in range(VERSIONS)] for node in range(NODES)]
    results = in_nodes(site, [[adapter.publish(version, version.encode()) for version in each] for each in versions])
    acknowledged = {
        version
        for each, answers in zip(versions, results, strict=True)
        for version, (status, _) in zip(each, answers, strict=True)
        if succeeded(status)
    }
    assert acknowledged == {version for each in versions for version in each}, results
    node = site.node()
    offers = adapter.offers(node.reader())
    assert set(offers) == acknowledged
    for version, offer in offers.items():
        assert offer.fits(node.get(offer.path).body), version
    assert adapter.listed(node.reader()) == {adapter.package}


def test_of_two_nodes_that_publish_one_version_one_wins(site: Site, adapter: Adapter) -> None:
    versions = [f"1.{number}.0" for number in range(ROUNDS)]
    contents = (b"one", b"two")
    works = [[adapter.publish(version, content) for version in versions] for content in contents]
    first, second = in_nodes(site, works)
    node = site.node()
    offers = adapter.offers(node.reader())
    assert set(offers) == set(versions)
    for version, one, two in zip(versions, first, second, strict=True):
        winners = [succeeded(status) for status, _ in (one, two)]
        assert winners.count(True) == (2 if adapter.mutable else 1), (one, two)
        assert all(status < 500 for status, _ in (one, two)), (one, two)
        assert offers[version].fits(node.get(offers[version].path).body)
        if not adapter.mutable:
            assert node.run(adapter.publish(version, contents[winners.index(True)])).is_success


def test_two_nodes_that_publish_the_same_bytes_both_succeed(site: Site, adapter: Adapter) -> None:
    versions = [f"1.{number}.0" for number in range(ROUNDS)]
    results = in_nodes(site, [[adapter.publish(version, b"same") for version in versions]] * 2)
    for answers in results:
        assert all(succeeded(status) for status, _ in answers), answers
    assert set(adapter.offers(site.node().reader())) == set(versions)
