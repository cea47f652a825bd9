"""Every route of a protocol with every verb it knows, as requests: what the generated suites walk through."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from registry.app import resolve_mounts
from registry.http.mount import Mount
from registry.plugin import Route, discover
from tests.builders.asking import METHODS, Ask
from tests.builders.registry import Registry
from tests.contracts.adapter import Adapter

_FIELD = re.compile(r"\{([a-z_]+)(?::[a-z_]+)?\}")


@dataclass(frozen=True, slots=True)
class Spot:
    """A route of a mount, below its base or at the root of the host."""

    base: str
    template: str
    methods: tuple[str, ...]

    @property
    def fields(self) -> list[str]:
        return _FIELD.findall(self.template)

    def path(self, values: dict[str, str]) -> str:
        """The path with `values` for its fields, percent-encoded."""
        return self.base + _FIELD.sub(lambda match: quote(values[match[1]], safe="/:@+"), self.template)

    def sample(self, adapter: Adapter) -> dict[str, str]:
        """The values that the adapter has for the fields."""
        samples = adapter.samples()
        return {name: samples.get(f"{self.template} {name}") or samples[name] for name in self.fields}

    def asks(self, adapter: Adapter) -> Iterator[Ask]:
        """A request for each method that the route knows."""
        path = self.path(self.sample(adapter))
        for method in self.methods:
            yield adapter.request(self.template, method, path)


def mount_of(registry: Registry, protocol: str) -> Mount:
    """The default mount of the protocol."""
    return next(mount for mount in resolve_mounts(registry.settings) if mount.id == protocol)


def spots(registry: Registry, protocol: str) -> list[Spot]:
    """All routes of the protocol's default mount, wherever they answer."""
    mount = mount_of(registry, protocol)
    found = []
    for route in discover()[protocol].routes(mount, registry.services):
        at_root = any(route.template == root or route.template.startswith(f"{root}/") for root in mount.root_paths)
        found += [
            Spot(base, route.template, methods_of(route)) for base in ([mount.path, ""] if at_root else [mount.path])
        ]
    return found


def methods_of(route: Route) -> tuple[str, ...]:
    """The methods that the resource answers itself, and HEAD where it answers GET."""
    known = [method for method in METHODS if hasattr(route.resource, f"on_{method.lower()}")]
    return tuple(dict.fromkeys([*known, *(["HEAD"] if "GET" in known else [])]))
