import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from registry.catalog.caches import ByteCache


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_a_cache_never_holds_more_than_its_limit(puts: list[tuple[int, int]]) -> None:
    cache: ByteCache[int] = ByteCache(10)
    for key, size in puts:
        cache.put(key, size, size)
        assert cache.get(key) == (size if size <= 10 else None)
        assert cache.size == sum(found for key in range(6) if (found := cache.get(key)) is not None) <= 10


def test_what_was_not_used_for_longest_goes_first() -> None:
    cache: ByteCache[str] = ByteCache(3)
    for key in ("a", "b", "c"):
        cache.put(key, key, 1)
    cache.get("a")
    cache.put("d", "d", 1)
    assert [cache.get(key) for key in ("a", "b", "c", "d")] == ["a", None, "c", "d"]


def test_a_value_too_large_to_keep_takes_the_older_one_with_it() -> None:
    cache: ByteCache[str] = ByteCache(3)
    cache.put("a", "old", 1)
    cache.put("a", "new", 4)
    assert cache.get("a") is None
    assert cache.size == 0


def test_what_is_discarded_is_gone() -> None:
    cache: ByteCache[str] = ByteCache(3)
    cache.put("a", "a", 2)
    cache.discard("a")
    cache.discard("b")
    assert cache.get("a") is None
    assert cache.size == 0


MEETING = """
from gevent import monkey; monkey.patch_all()
import gevent, sys
from registry.catalog.caches import ByteCache
from registry.offload import offload
sys.setswitchinterval(1e-5)
cache = ByteCache(100)
def work():
    for number in range(200):
        cache.put(number % 7, number, 10)
        cache.get(number % 5)
def meet():
    for _ in range(20):
        offload(work)
        work()
        gevent.sleep(0)
gevent.joinall([gevent.spawn(meet) for _ in range(8)], raise_error=True)
"""


def test_greenlets_and_threads_meet_at_a_cache() -> None:
    subprocess.run([sys.executable, "-c", MEETING], check=True, timeout=30)
