"""OCI: a registry of container images and other artifacts, as docker, podman, skopeo, oras and helm know one.

Specifications:

- Distribution specification 1.1.1, and what its main branch adds (tags and digest algorithms as parameters)
- Image specification 1.1.1: manifests, indexes, descriptors
- Docker registry token authentication, by GET and by POST (OAuth 2), and `_catalog`
"""
