"""The conformance suite of the distribution specification, on each kind of store."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.programs import Desk
from tests.clients.server import Server, serving
from tests.simulators.s3_servers import S3Server, run_moto

BUCKET = "registry"


def s3_environ(s3: S3Server, bucket: str) -> dict[str, str]:
    """The variables of a registry on the bucket."""
    values = {
        "DRIVER": "s3",
        "BUCKET_NAME": bucket,
        "ENDPOINT": "127.0.0.1",
        "PORT": str(s3.port),
        "USE_SSL": "false",
        "ACCESS_KEY": s3.access_key,
        "ACCESS_SECRET": s3.access_secret,
    }
    return {f"REGISTRY_STORAGE__{name}": value for name, value in values.items()}


@pytest.fixture(scope="module", params=["filesystem", "s3"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with ExitStack() as stack:
        environ = {}
        if request.param == "s3":
            s3 = stack.enter_context(run_moto())
            environ = s3_environ(s3, s3.new_bucket().bucket_name)
        yield stack.enter_context(serving(tmp_path_factory.mktemp("registry"), **environ))


@pytest.mark.slow
@pytest.mark.client("conformance")
@pytest.mark.parametrize("version", ["1.1", "dev"])
def test_nothing_fails_and_nothing_is_skipped(desk: Desk, server: Server, tmp_path: Path, version: str) -> None:
    environ = {
        "REGISTRY": server.host,
        "TLS": "disabled",
        "USERNAME": "__token__",
        "PASSWORD": server.token,
        "VERSION": version,
        "RESULTS_DIR": str(tmp_path),
    }
    done = desk.run(
        "conformance", env={f"OCI_{name}": value for name, value in environ.items()}, status=None, timeout=600
    )
    counts = {name: int(count) for name, count in re.findall(r"^  (\w+)\.*:\s+(\d+)$", done.stdout, re.MULTILINE)}
    assert done.returncode == 0, done.stdout[-5000:]
    assert counts["Pass"] > 800
    assert counts["FAIL"] == counts["Error"] == counts["Skip"] == 0
