"""How the reader of distributions refuses."""

from registry.errors import Invalid


class DistributionInvalid(Invalid):
    """The file is no wheel or sdist, or disagrees with its name, its metadata or the form it came with."""

    code = "distribution_invalid"
