"""What many ask for at once, made once."""

from collections.abc import Callable, Hashable
from threading import Event, Lock
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Flight:
    def __init__(self) -> None:
        self.landed = Event()
        self.result: Any = None
        self.error: Exception | None = None
        self.lost = True


class Flights:
    """Callers of one key while it is being made share the result, or the error."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._flights: dict[Hashable, _Flight] = {}

    def share(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make()` returns, in this caller or in another one who was first. One who is killed lets another try."""
        while True:
            with self._lock:
                flight = self._flights.get(key)
                own = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight()
            if own:
                return self._fly(key, flight, make)
            flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            if not flight.lost:
                return cast("T", flight.result)

    def _fly(self, key: Hashable, flight: _Flight, make: Callable[[], T]) -> T:
        try:
            result = make()
            flight.result, flight.lost = result, False
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.landed.set()
        return result
