"""What every implementation of an interface must do."""

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.storage", "tests.contracts.storage_races", "tests.contracts.token_store"
)
