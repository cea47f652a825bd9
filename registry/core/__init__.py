"""Formats and grammars that need nothing but the standard library: no I/O of their own, no web, no store."""
