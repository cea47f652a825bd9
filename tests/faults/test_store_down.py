"""A bucket that is gone: requests are refused as unavailable, soon and in the words of the protocol."""

import time
from pathlib import Path

from tests.builders.registry import Registry
from tests.contracts.adapter import Adapter
from tests.contracts.protocol import check_refused
from tests.faults.stores import bucket_of
from tests.simulators.s3_servers import run_moto


def test_without_its_bucket_the_registry_is_unavailable(tmp_path: Path, adapter: Adapter) -> None:
    with run_moto() as server:
        home = Registry(tmp_path, bucket_of(server, tmp_path))
        assert home.run(adapter.publish()).is_success
        offer = adapter.offers(home.reader())["1.0.0"]
    began = time.monotonic()
    answers = [
        home.get(adapter.index(), None),
        home.get(offer.path, None),
        home.get(adapter.index()),
        home.ask(adapter.publish("2.0.0")[0]),
    ]
    for answer in answers:
        check_refused(adapter, answer, 503)
        assert int(answer.headers["retry-after"]) > 0
    assert time.monotonic() - began < 30
    assert home.scratch() == []
