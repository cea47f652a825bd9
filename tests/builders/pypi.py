"""Valid distributions, forms and files of a PyPI index; a test states only what is odd about one."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Collection, Mapping
from typing import Any

from registry.core.digests import Digest
from registry.protocols.pypi.index import File
from registry.protocols.pypi.names import Filetype

EPOCH = (2026, 1, 2, 3, 4, 6)


def wheel_filename(name: str = "demo", version: str = "1.0") -> str:
    return f"{name.lower().replace('-', '_').replace('.', '_')}-{version}-py3-none-any.whl"


def sdist_filename(name: str = "demo", version: str = "1.0") -> str:
    return f"{name.lower().replace('-', '_').replace('.', '_')}-{version}.tar.gz"


def make_metadata(name: str = "demo", version: str = "1.0", body: str = "", **fields: Any) -> bytes:
    """METADATA with `fields` named in snake case; a list makes a field that comes several times."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    for field, values in fields.items():
        header = "-".join(part.capitalize() for part in field.split("_"))
        lines += [f"{header}: {value}" for value in ([values] if isinstance(values, str) else values)]
    return "\n".join([*lines, "", body]).encode()


def make_wheel(
    name: str = "demo",
    version: str = "1.0",
    *,
    metadata: bytes | None = None,
    directory: str = "",
    omit: Collection[str] = (),
    files: Mapping[str, bytes] | None = None,
    **fields: Any,
) -> bytes:
    """A wheel with one module; `fields` go into its METADATA."""
    module = name.lower().replace("-", "_").replace(".", "_")
    directory = directory or f"{module}-{version}.dist-info"
    contents = {
        f"{module}/__init__.py": b"",
        f"{directory}/METADATA": make_metadata(name, version, **fields) if metadata is None else metadata,
        f"{directory}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(files or {}),
    }
    record = f"{directory}/RECORD"
    contents[record] = _record(contents, record)
    return make_zip({path: content for path, content in contents.items() if path.split("/")[-1] not in omit})


def make_zip(contents: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            info = zipfile.ZipInfo(path, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def make_sdist(
    name: str = "demo",
    version: str = "1.0",
    *,
    metadata: bytes | None = None,
    omit: Collection[str] = (),
    files: Mapping[str, bytes] | None = None,
    **fields: Any,
) -> bytes:
    """A source distribution that setuptools can build; `fields` go into its PKG-INFO."""
    module = name.lower().replace("-", "_").replace(".", "_")
    contents = {
        "PKG-INFO": make_metadata(name, version, **fields) if metadata is None else metadata,
        "pyproject.toml": b'[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
        "setup.cfg": f"[metadata]\nname = {name}\nversion = {version}\n[options]\npackages = {module}\n".encode(),
        f"{module}/__init__.py": b"",
    }
    top = f"{module}-{version}"
    kept = {f"{top}/{path}": content for path, content in contents.items() if path not in omit}
    return make_tar_gz({**kept, **(files or {})})


def make_tar_gz(contents: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in contents.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue(), mtime=0)


def make_form(data: bytes, name: str = "demo", version: str = "1.0", **odd: str | list[str]) -> dict[str, list[str]]:
    """The fields that all clients send along with the wheel `data`; an odd field of "" is left out."""
    fields: dict[str, str | list[str]] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": name,
        "version": version,
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "sha256_digest": hashlib.sha256(data).hexdigest(),
        **odd,
    }
    return {name: [value] if isinstance(value, str) else value for name, value in fields.items() if value}


def make_multipart(
    fields: Mapping[str, list[str]], filename: str, data: bytes, *, last: Collection[str] = ()
) -> tuple[bytes, str]:
    """The body of an upload and its Content-Type; the fields named in `last` come behind the file, as uv sends some."""
    parts = [
        (name in last, f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode())
        for name, values in fields.items()
        for value in values
    ]
    head = f'Content-Disposition: form-data; name="content"; filename="{filename}"\r\n\r\n'.encode()
    ordered = [
        *(part for late, part in parts if not late),
        head + data,
        *(part for late, part in parts if late),
    ]
    boundary = "8f7e6d5c4b3a29180f1e2d3c4b5a6978"
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in ordered)
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def make_file(filename: str = "demo-1.0-py3-none-any.whl", version: str = "1.0", **odd: Any) -> File:
    """A published wheel (or sdist, by its name) without anything optional."""
    is_wheel = filename.endswith(".whl")
    values: dict[str, Any] = {
        "filetype": Filetype.WHEEL if is_wheel else Filetype.SDIST,
        "python": "py3" if is_wheel else "source",
        "size": 1234,
        "uploaded": "2026-01-02T03:04:05.123456Z",
        "digest": Digest(f"sha256:{hashlib.sha256(filename.encode()).hexdigest()}"),
        **odd,
    }
    return File(filename=filename, version=version, **values)


def make_attestation(filename: str, sha256: str, **odd: Any) -> dict[str, Any]:
    """A PEP 740 attestation about that file, with a signature that nobody could verify; `odd` go into its statement."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": "https://docs.pypi.org/attestations/publish/v1",
        "predicate": None,
        **odd,
    }
    return {
        "version": 1,
        "verification_material": {"certificate": "Y2VydGlmaWNhdGU=", "transparency_entries": [{}]},
        "envelope": {
            "statement": base64.b64encode(json.dumps(statement).encode()).decode(),
            "signature": "c2lnbmF0dXJl",
        },
    }


def _record(contents: Mapping[str, bytes], own: str) -> bytes:
    lines = []
    for path, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()
