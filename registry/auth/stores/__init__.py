"""Token stores, one module each."""
