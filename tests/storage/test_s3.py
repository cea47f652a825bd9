"""The driver contract on moto's server and on versitygw."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from registry.storage.driver import Driver
from registry.storage.s3 import S3Driver, S3Settings
from tests.contracts.storage import DriverContract
from tests.contracts.storage_races import Opener
from tests.simulators.s3_servers import S3Server, run_moto, run_versitygw


@pytest.fixture(scope="module")
def moto() -> Iterator[S3Server]:
    with run_moto() as server:
        yield server


@pytest.fixture(scope="module")
def versitygw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with run_versitygw(tmp_path_factory.mktemp("versitygw")) as server:
        yield server


class S3Contract(DriverContract):
    tokens_are_fresh = False
    least_part = 5 << 20
    last_gasp = 0.5

    @pytest.fixture
    def server(self) -> S3Server:
        raise NotImplementedError

    @pytest.fixture
    def settings(self, server: S3Server, tmp_path: Path) -> S3Settings:
        return server.new_bucket(scratch=tmp_path / "scratch")

    @pytest.fixture
    def driver(self, settings: S3Settings) -> Iterator[Driver]:
        driver = S3Driver(settings)
        yield driver
        driver.close()

    @pytest.fixture
    def opener(self, settings: S3Settings) -> Opener:
        return partial(S3Driver, settings)


class TestMoto(S3Contract):
    @pytest.fixture
    def server(self, moto: S3Server) -> S3Server:
        return moto


class TestVersitygw(S3Contract):
    @pytest.fixture
    def server(self, versitygw: S3Server) -> S3Server:
        return versitygw

    @pytest.fixture
    def settings(self, server: S3Server, tmp_path: Path) -> S3Settings:
        return server.new_bucket(scratch=tmp_path / "scratch", prefix="some/where")

    def test_deleting_never_breaks_a_neighbour_being_written(self, driver: Driver) -> None:
        pytest.skip("versitygw 1.8.0 itself refuses a write below a directory that a deletion has just emptied")
