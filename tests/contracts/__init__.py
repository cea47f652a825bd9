"""What every implementation of an interface must do."""

import pytest

pytest.register_assert_rewrite(
    "tests.contracts.protocol",
    "tests.contracts.protocol_hostility",
    "tests.contracts.protocol_rights",
    "tests.contracts.storage",
    "tests.contracts.storage_races",
    "tests.contracts.token_store",
)
