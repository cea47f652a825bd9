import pytest

from tests.clients.programs import require_program


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for the programs named by `@pytest.mark.client(...)` before anything is set up for the test."""
    for marker in item.iter_markers("client"):
        for name in marker.args:
            require_program(name)
