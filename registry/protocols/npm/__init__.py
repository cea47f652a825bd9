"""npm: a registry of JavaScript packages, as npm, pnpm, yarn and bun know one.

Specifications:

- Registry API: github.com/npm/registry, REGISTRY-API.md, package-metadata.md; api-docs.npmjs.com
- package.json and names: docs.npmjs.com/cli/configuring-npm
- Versions: semver.org 2.0.0; digests: W3C Subresource Integrity
- Signatures and provenance: docs.npmjs.com, "about registry signatures"; Sigstore bundles, in-toto, SLSA

Clients tested: npm 10, 11 and 12, pnpm 10 and 12, yarn 1 and 4, bun 1.4.
"""
