import subprocess
import sys

import pytest

from registry.plugin import SetupContext
from registry.protocols.pypi.routes import PROTOCOL


def test_the_protocol_is_called_as_its_folder() -> None:
    assert PROTOCOL.name == PROTOCOL.routes.__module__.split(".")[-2] == "pypi"


@pytest.mark.parametrize("setup", PROTOCOL.setups, ids=lambda setup: setup.client)
def test_a_client_is_told_url_and_token(setup: object) -> None:
    context = SetupContext("https://registry.example/pypi", "s3cret")
    text = next(each for each in PROTOCOL.setups if each is setup).render(context)
    assert "registry.example/pypi/" in text
    if "simple" not in text or "publish" in text:
        assert "s3cret" in text


def test_a_client_is_told_no_empty_token() -> None:
    pip = next(each for each in PROTOCOL.setups if each.client == "pip")
    assert pip.render(SetupContext("http://localhost/pypi")) == "[global]\nindex-url = http://localhost/pypi/simple/\n"


def test_names_load_no_web_framework() -> None:
    code = (
        "import sys, registry.protocols.pypi.index, registry.protocols.pypi.artifact; sys.exit('falcon' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
