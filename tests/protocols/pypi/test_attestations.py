import json
from typing import Any

import pytest

from registry.errors import Invalid, TooLarge
from registry.protocols.pypi.attestations import AttestationInvalid, parse_attestations, render_provenance
from tests.builders.pypi import make_attestation

FILENAME = "demo-1.0-py3-none-any.whl"
SHA256 = "ab" * 32


def parse(*attestations: Any) -> list[dict[str, Any]]:
    return parse_attestations(json.dumps(attestations), FILENAME, SHA256)


def test_an_attestation_about_the_file_is_kept_as_it_is() -> None:
    attestation = make_attestation(FILENAME, SHA256)
    assert parse(attestation) == [attestation]


def test_the_provenance_document_holds_the_attestations_unchanged() -> None:
    attestation = make_attestation(FILENAME, SHA256)
    document = json.loads(render_provenance([attestation]))
    assert document["version"] == 1
    assert document["attestation_bundles"][0]["attestations"] == [attestation]
    assert document["attestation_bundles"][0]["publisher"] == {"kind": "token", "claims": None}


@pytest.mark.parametrize(
    "attestation",
    [
        make_attestation("other-1.0-py3-none-any.whl", SHA256),
        make_attestation(FILENAME, "cd" * 32),
        make_attestation(FILENAME, SHA256, subject=[]),
        make_attestation(FILENAME, SHA256, subject=[{"name": FILENAME, "digest": {"sha256": SHA256}}] * 2),
        make_attestation(FILENAME, SHA256, subject=[{"name": FILENAME, "digest": {"sha512": SHA256}}]),
        make_attestation(FILENAME, SHA256) | {"version": 2},
        make_attestation(FILENAME, SHA256) | {"verification_material": {}},
        make_attestation(FILENAME, SHA256) | {"envelope": {"statement": "é", "signature": ""}},
        make_attestation(FILENAME, SHA256) | {"envelope": {"statement": "e30", "signature": ""}},
        make_attestation(FILENAME, SHA256) | {"envelope": {"statement": "e30=", "signature": ""}},
        "attestation",
    ],
)
def test_an_attestation_about_anything_else_is_refused(attestation: Any) -> None:
    with pytest.raises(AttestationInvalid):
        parse(attestation)


@pytest.mark.parametrize("text", ["{}", "[]", "null", json.dumps([make_attestation(FILENAME, SHA256)] * 9)])
def test_anything_but_a_short_list_is_refused(text: str) -> None:
    with pytest.raises(AttestationInvalid):
        parse_attestations(text, FILENAME, SHA256)


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(Invalid):
        parse_attestations("attestations", FILENAME, SHA256)


def test_attestations_beyond_the_limit_are_refused() -> None:
    with pytest.raises(TooLarge):
        parse(make_attestation(FILENAME, SHA256, predicate="x" * 400_000), {"padding": "x" * 200_000})
