"""The registry beside its peers on this machine: `python -m bench`, and docs/performance.md for what came out."""
