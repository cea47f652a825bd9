"""Where the bucket is and how it is asked."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class S3Settings:
    """A bucket, which must exist. Without an `endpoint` (a host name or a URL) it is one of AWS."""

    bucket_name: str
    endpoint: str = ""
    port: int = 0
    use_ssl: bool = True
    region: str = "us-east-1"
    access_key: str = field(default="", repr=False)
    access_secret: str = field(default="", repr=False)
    prefix: str = ""
    """What every key in the bucket starts with, followed by a slash."""
    presign: bool = False
    """Whether clients can reach the bucket, so that they are sent there for what they download."""
    scratch: Path | None = None
    """A directory for temporary files that nothing else uses; without it each process makes one of its own."""
    connect_timeout: float = 5
    read_timeout: float = 60
    """Seconds without a byte from the store; completing a large upload may take most of them."""
    attempts: int = 3
    """How often a request is sent at most, with pauses between."""

    @property
    def url(self) -> str | None:
        """The endpoint as a URL; None for AWS."""
        if not self.endpoint:
            return None
        scheme = "https" if self.use_ssl else "http"
        url = self.endpoint if "://" in self.endpoint else f"{scheme}://{self.endpoint}"
        return f"{url.rstrip('/')}:{self.port}" if self.port else url

    @property
    def root(self) -> str:
        """What the keys in the bucket start with: nothing, or a prefix that ends with a slash."""
        prefix = self.prefix.strip("/")
        return f"{prefix}/" if prefix else ""
