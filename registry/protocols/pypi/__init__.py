"""PyPI: a Python package index, as pip, uv, poetry, pdm, pip-tools, twine, hatch and flit know one.

Specifications, all at packaging.python.org/specifications unless named by number:

- Simple repository API 1.4, HTML and JSON: PEP 503, 592, 629, 658, 691, 700, 714, 740, 792
- Names and normalisation, version specifiers (PEP 440), wheel (PEP 427) and source distribution (PEP 625) formats
- Core metadata up to 2.6: PEP 566, 643, 685, 639, 794, 808
- Index hosted attestations: PEP 740
- Upload ("legacy") and JSON API: docs.pypi.org/api
"""
