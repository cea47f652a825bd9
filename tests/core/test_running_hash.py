import hashlib
import random

import pytest

from registry.core import running_hash
from registry.core.running_hash import RunningHash, readable

DATA = random.Random(8).randbytes(300_000)
BOTH = ("sha256", "sha512")
EXPECTED = {name: hashlib.new(name, DATA).hexdigest() for name in BOTH}


@pytest.fixture(params=["portable", "plain"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "plain":
        monkeypatch.setattr(running_hash, "_functions", lambda algorithm: None)
    return str(request.param)


@pytest.mark.usefixtures("kind")
def test_pieces_of_any_kind_hash_like_the_whole() -> None:
    running = RunningHash(BOTH)
    for at in range(0, len(DATA), 70_001):
        piece = DATA[at : at + 70_001]
        running.update(memoryview(bytearray(piece)) if at % 2 else memoryview(piece))
    running.update(b"")
    assert running.hexdigests() == EXPECTED
    assert running.hexdigests() == EXPECTED


@pytest.mark.usefixtures("kind")
def test_a_copy_goes_its_own_way() -> None:
    running = RunningHash(BOTH)
    running.update(DATA[:1000])
    other = running.copy()
    other.update(b"something else")
    running.update(DATA[1000:])
    assert running.hexdigests() == EXPECTED


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 65, 100_000, len(DATA)])
def test_a_hash_goes_on_from_its_state(cut: int) -> None:
    first = RunningHash(BOTH)
    first.update(DATA[:cut])
    states = first.states()
    assert states, "OpenSSL's functions are expected to be there"
    assert readable(BOTH, states)
    second = RunningHash(BOTH, states)
    second.update(DATA[cut:])
    assert second.hexdigests() == EXPECTED


def test_without_openssl_there_is_no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    states = RunningHash(BOTH).states()
    monkeypatch.setattr(running_hash, "_functions", lambda algorithm: None)
    assert RunningHash(BOTH).states() == {}
    assert not readable(BOTH, states)


def test_states_of_another_kind_of_machine_or_of_too_few_algorithms_are_not_readable() -> None:
    states = RunningHash(("sha256",)).states()
    assert readable(("sha256",), states)
    assert not readable(BOTH, states)
    assert not readable(("sha256",), {"sha256": "openssl-vax AAAA"})
    assert not readable(("sha256",), {})
