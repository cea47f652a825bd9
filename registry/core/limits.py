"""What an archive may ask of its reader, and how the archive readers refuse."""

from dataclasses import dataclass

from registry.errors import Invalid, TooLarge

MIB = 1024 * 1024


class ArchiveInvalid(Invalid):
    """The archive is damaged, hostile, or would be read differently by different programs."""

    code = "archive_invalid"


class ArchiveTooLarge(TooLarge, ArchiveInvalid):
    """The archive, or a member of it, unpacks to more than `limit` bytes."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What one archive may hold at most; sizes are bytes.

    `max_unpacked` bounds the whole unpacked archive (for a tar: its length), `max_metadata` the archive's own records
    (the central directory of a zip, the extension headers of a tar). More than `max_ratio` unpacked bytes for each
    packed one are refused once `ratio_slack` is used up.
    """

    max_entries: int = 100_000
    max_unpacked: int = 2048 * MIB
    max_metadata: int = 32 * MIB
    max_ratio: int = 200
    ratio_slack: int = 64 * MIB


DEFAULT_LIMITS = ArchiveLimits()
