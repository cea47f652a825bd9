"""What to tell each client so that it installs from a registry and publishes to it.

The key of a token names the registry's path and ends with a slash: npm looks for it from there upwards.
"""

from registry.plugin import ClientSetup, SetupContext


def _npmrc(context: SetupContext) -> str:
    place = context.url.split(":", 1)[1]
    token = f"{place}/:_authToken={context.token}\n" if context.token else ""
    return f"registry={context.url}/\n{token}"


def _yarn(context: SetupContext) -> str:
    """Yarn 4. It would not install what is younger than a day, and sends its token along only when told to."""
    lines = [f'npmRegistryServer: "{context.url}"', "npmMinimalAgeGate: 0"]
    if context.url.startswith("http:"):
        lines.append(f'unsafeHttpWhitelist: ["{context.host.partition(":")[0]}"]')
    if context.token:
        lines += [f'npmAuthToken: "{context.token}"', "npmAlwaysAuth: true"]
    return "\n".join(lines) + "\n"


def _yarn_classic(context: SetupContext) -> str:
    """Yarn 1 takes the token from npm's file, and the registry too."""
    return _npmrc(context) + ("always-auth=true\n" if context.token else "")


def _bun(context: SetupContext) -> str:
    token = f', token = "{context.token}"' if context.token else ""
    return f'[install]\nregistry = {{ url = "{context.url}/"{token} }}\n'


SETUPS = (
    ClientSetup("npm", "~/.npmrc", _npmrc),
    ClientSetup("pnpm", "~/.npmrc", _npmrc),
    ClientSetup("yarn", "~/.yarnrc.yml", _yarn),
    ClientSetup("yarn1", "~/.npmrc", _yarn_classic),
    ClientSetup("bun", "~/.bunfig.toml", _bun),
)
