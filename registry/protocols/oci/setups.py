"""What to tell each client so that it pulls from a registry and pushes to it."""

from collections.abc import Callable

from registry.plugin import ClientSetup, SetupContext

USER = "__token__"
"""The user name that says: the password is a token."""


def _login(command: str, plain: str = "") -> Callable[[SetupContext], str]:
    """The command that logs in; `plain` is what the client needs to be told where there is no TLS."""

    def render(context: SetupContext) -> str:
        option = f" {plain}" if plain and context.url.startswith("http:") else ""
        secret = context.token or "TOKEN"
        return f"printf %s '{secret}' | {command}{option} --username {USER} --password-stdin {context.host}\n"

    return render


SETUPS = (
    ClientSetup("docker", "", _login("docker login")),
    ClientSetup("podman", "", _login("podman login", "--tls-verify=false")),
    ClientSetup("skopeo", "", _login("skopeo login", "--tls-verify=false")),
    ClientSetup("helm", "", _login("helm registry login", "--plain-http")),
    ClientSetup("oras", "", _login("oras login", "--plain-http")),
)
