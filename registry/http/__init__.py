"""The edge: one path normaliser, one body reader, one URL builder, one sender, one place that renders errors."""
