"""One package registry for many protocols; importing this package loads nothing else."""

__version__ = "0.1.0"
