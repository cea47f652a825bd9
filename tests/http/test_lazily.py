from registry.http.lazily import lazily


class Counter:
    def __init__(self) -> None:
        self.computed = 0

    @lazily
    def value(self) -> int:
        """A number."""
        self.computed += 1
        return 7


def test_a_lazy_attribute_is_computed_once() -> None:
    counter = Counter()
    assert "value" not in vars(counter)
    assert (counter.value, counter.value, counter.computed) == (7, 7, 1)


def test_a_lazy_attribute_keeps_its_description() -> None:
    assert Counter.value.__doc__ == "A number."
