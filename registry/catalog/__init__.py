"""Ledgers of packages and mounts, what clients read of them, and what spans packages."""
