"""What to tell each client so that it installs from an index and publishes to it."""

from urllib.parse import quote

from registry.plugin import ClientSetup, SetupContext

USER = "__token__"
"""The user name that says: the password is a token."""


def _with_token(context: SetupContext) -> str:
    """The URL of the mount, with the token for clients that keep it in the URL."""
    scheme, _, rest = context.url.partition("://")
    userinfo = f"{USER}:{quote(context.token, safe='')}@" if context.token else ""
    return f"{scheme}://{userinfo}{rest}"


def _pip(context: SetupContext) -> str:
    return f"[global]\nindex-url = {_with_token(context)}/simple/\n"


def _uv(context: SetupContext) -> str:
    url = _with_token(context)
    return f'publish-url = "{url}/"\n\n[[index]]\nurl = "{url}/simple/"\ndefault = true\n'


def _twine(context: SetupContext) -> str:
    return f"""[distutils]
index-servers = registry

[registry]
repository = {context.url}/
username = {USER}
password = {context.token}
"""


def _poetry(context: SetupContext) -> str:
    return f"""poetry source add --priority=primary registry {context.url}/simple/
poetry config repositories.registry {context.url}/
poetry config http-basic.registry {USER} {context.token}
"""


def _hatch(context: SetupContext) -> str:
    return f"""export HATCH_INDEX_REPO={context.url}/
export HATCH_INDEX_USER={USER}
export HATCH_INDEX_AUTH={context.token}
"""


def _flit(context: SetupContext) -> str:
    return f"""export FLIT_INDEX_URL={context.url}/
export FLIT_USERNAME={USER}
export FLIT_PASSWORD={context.token}
"""


SETUPS = (
    ClientSetup("pip", "~/.config/pip/pip.conf", _pip),
    ClientSetup("uv", "~/.config/uv/uv.toml", _uv),
    ClientSetup("twine", "~/.pypirc", _twine),
    ClientSetup("poetry", "", _poetry),
    ClientSetup("hatch", "", _hatch),
    ClientSetup("flit", "", _flit),
)
