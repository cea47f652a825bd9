"""What can be set, its type, its default and its meaning: the configuration reference is checked against this file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MIB = 1024 * 1024


def _setting(default: Any, doc: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"doc": doc, "secret": secret})


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server listens and how it is reached."""

    bind: str = _setting("127.0.0.1:8080", "Address and port to listen on, or `unix:/path`.")
    workers: int = _setting(0, "Worker processes; 0 means one per processor.")
    public_url: str = _setting(
        "", "The URL that clients use, path prefix included. Without it links follow the request, on loopback only."
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    graceful_timeout: int = _setting(30, "Seconds that running requests get when a worker stops.")


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where everything is kept."""

    driver: str = _setting("filesystem", "`filesystem`, `s3` or `memory`.")
    data_dir: Path = _setting(Path("registry-data"), "Directory of the filesystem driver and of the admin token.")
    bucket_name: str = _setting("", "S3: the bucket; it must exist.")
    prefix: str = _setting("", "S3: what every key in the bucket starts with.")
    endpoint: str = _setting("", "S3: host name or URL of the service; empty means AWS.")
    port: int = _setting(0, "S3: port of the endpoint; 0 means the scheme's own.")
    use_ssl: bool = _setting(True, "S3: whether to speak TLS to the endpoint.")
    region: str = _setting("us-east-1", "S3: the region.")
    access_key: str = _setting("", "S3: key id; empty means the usual AWS sources.", secret=True)
    access_secret: str = _setting("", "S3: the key's secret.", secret=True)
    presign: bool = _setting(False, "S3: whether clients can reach the bucket, and are sent there for large OCI blobs.")


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Who may do what."""

    anonymous_read: bool = _setting(True, "Whether callers without credentials may read.")
    registration: bool = _setting(False, "Whether `npm adduser` may create users.")
    remember_seconds: int = _setting(10, "How long verified credentials are remembered; a revoked token dies within.")
    token_store: str = _setting("storage", "`storage` (shared by all nodes) or `memory`.")
    jwt_secret: str = _setting(
        "", "Key of OCI tokens, 32 bytes or more; empty means one made and kept in the store.", secret=True
    )
    jwt_lifetime: int = _setting(300, "Seconds that an OCI token lives; at least 60.")


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """How much is accepted."""

    max_artifact: int = _setting(5 * 1024 * MIB, "Bytes of one uploaded package file.")
    max_layer: int = _setting(100 * 1024 * MIB, "Bytes of one OCI blob.")
    max_document: int = _setting(16 * MIB, "Bytes of one JSON document or form without its files.")


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """What each process and node keeps of what it could read again."""

    max_bytes: int = _setting(
        64 * MIB, "Bytes of rendered documents that each worker keeps; what they are made from may take as much again."
    )
    directory: str = _setting("", "Where search indexes are kept; empty: in data_dir, or in the temporary directory.")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is written to standard error."""

    access: bool = _setting(True, "Whether each request is logged, as one JSON line.")
    level: str = _setting("info", "`debug`, `info`, `warning` or `error`.")


@dataclass(frozen=True, slots=True)
class MountSettings:
    """One protocol at one path; seven are there by default, named and placed as their protocol."""

    protocol: str = _setting("", "Name of the protocol; default: the mount's own name.")
    path: str = _setting("", "Base path; default: `/` and the mount's name.")
    enabled: bool = _setting(True, "Whether the mount answers.")
    registry_url: str = _setting("", "The URL that clients use for this mount, instead of public_url and path.")
    features: Mapping[str, Any] = field(
        default_factory=dict, metadata={"doc": "Options of the protocol, see its page.", "secret": False}
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set."""

    server: ServerSettings = field(default_factory=ServerSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    auth: AuthSettings = field(default_factory=AuthSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
    log: LogSettings = field(default_factory=LogSettings)
    mounts: Mapping[str, MountSettings] = field(default_factory=dict)
