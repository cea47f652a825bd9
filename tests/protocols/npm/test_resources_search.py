import base64
import gzip
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.protocols.npm.site import Site


@pytest.fixture
def site(site: Site) -> Site:
    person = {"author": "Ann Smith <ann@example.com> (https://ann.example.com)"}
    site.publish("left-pad", "1.3.0", fields={"keywords": ["string", "pad"], "license": "WTFPL", **person})
    site.publish("pad-right", "0.1.0", fields={"keywords": ["pad"], "author": {"name": "Zed"}})
    site.publish("@acme/left", "2.0.0", "bob", fields={"keywords": ["string"], "homepage": "https://acme.example.com"})
    site.publish("@acme/tools", "3.0.0-rc.1", "bob", fields={"repository": {"type": "git", "url": "git+https://x.y/z"}})
    return site


def names(site: Site, query: str, who: str | None = None) -> list[str]:
    answer = site.get(f"/-/v1/search?{query}", who)
    assert answer.status_code == 200, answer.text
    return [each["package"]["name"] for each in answer.json["objects"]]


def test_a_result_has_the_shape_that_npm_and_pnpm_read(site: Site) -> None:
    answer = site.get("/-/v1/search?text=left-pad&size=20&from=0&quality=0.65&popularity=0.98&maintenance=0.5").json
    (found,) = answer["objects"]
    date = found["package"].pop("date")
    assert date == site.packument("left-pad")["time"]["1.3.0"]
    assert found["package"] == {
        "name": "left-pad",
        "scope": "unscoped",
        "version": "1.3.0",
        "description": "A demo",
        "keywords": ["string", "pad"],
        "author": {"name": "Ann Smith", "email": "ann@example.com"},
        "license": "WTFPL",
        "links": {"npm": "http://localhost/npm/left-pad"},
        "publisher": {"username": "alice", "email": "alice@example.com"},
        "maintainers": [{"username": "alice", "email": "alice@example.com"}],
    }
    assert found["score"]["detail"].keys() == {"quality", "popularity", "maintenance"}
    assert found["flags"] == {"insecure": 0}
    assert (answer["total"], answer["time"][-1]) == (1, "Z")
    assert next(iter(answer)) == "objects"


def test_links_and_scope_come_from_the_manifest(site: Site) -> None:
    (left,) = site.get("/-/v1/search?text=scope:acme+left").json["objects"]
    assert left["package"]["scope"] == "acme"
    assert left["package"]["links"]["homepage"] == "https://acme.example.com"
    (tools,) = site.get("/-/v1/search?text=tools").json["objects"]
    assert tools["package"]["links"]["repository"] == "git+https://x.y/z"
    assert tools["flags"] == {"insecure": 0, "unstable": True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"left-pad", "pad-right", "@acme/left", "@acme/tools"}),
        ("pad", {"left-pad", "pad-right"}),
        ("keywords:string", {"left-pad", "@acme/left"}),
        ("keywords:string,pad", {"left-pad", "pad-right", "@acme/left"}),
        ("keywords:string%2Bpad", {"left-pad"}),
        ("scope:acme", {"@acme/left", "@acme/tools"}),
        ("scope:@acme left", {"@acme/left"}),
        ("scope:acm", set()),
        ("author:zed", {"pad-right"}),
        ("maintainer:bob", {"@acme/left", "@acme/tools"}),
        ("is:unstable", {"pad-right", "@acme/tools"}),
        ("not:unstable,insecure", {"left-pad", "@acme/left"}),
        ("not:insecure", {"left-pad", "pad-right", "@acme/left", "@acme/tools"}),
        ("left boost-exact:false", {"left-pad", "@acme/left"}),
        ("maintainer:alice is:unstable keywords:pad", {"pad-right"}),
        ('"*); DROP TABLE', set()),
        ("keywords:", {"left-pad", "pad-right", "@acme/left", "@acme/tools"}),
    ],
)
def test_qualifiers_narrow_a_search(site: Site, text: str, expected: set[str]) -> None:
    assert set(names(site, f"text={text.replace(' ', '+')}")) == expected


def test_pages_are_cut_and_bounded(site: Site) -> None:
    everything = names(site, "text=")
    assert names(site, "text=&size=3") + names(site, "text=&size=3&from=3") == everything
    assert names(site, "text=&size=0") == []
    assert site.get("/-/v1/search?text=&size=2").json["total"] == 4
    assert len(names(site, "size=99999")) == 4
    for query in ("size=-1", "size=x", "from=1e3", "size=" + "9" * 30):
        assert site.get(f"/-/v1/search?{query}").status_code == 400


def test_a_search_knows_of_a_change_at_once(site: Site) -> None:
    site.publish("left-pad", "1.4.0", fields={"description": "Now with unicorns"})
    assert names(site, "text=unicorns") == ["left-pad"]
    assert names(site, "text=keywords:string+left-pad") == []


def test_audits_end_clean_however_they_are_asked(site: Site) -> None:
    bulk = "/-/npm/v1/security/advisories/bulk"
    assert site.ask("POST", bulk, None, {"left-pad": ["1.3.0"]}).json == {}
    assert site.ask("POST", bulk, None, gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}).json == {}
    assert site.ask("POST", bulk, "no-such-token", {}).json == {}
    for path in ("/-/npm/v1/security/audits", "/-/npm/v1/security/audits/quick"):
        report = site.ask("POST", path, None, {"name": "x", "requires": {}}).json
        assert report["advisories"] == {}
        assert report["metadata"]["vulnerabilities"]["critical"] == report["metadata"]["totalDependencies"] == 0


def test_every_version_is_signed_with_the_key_that_is_served(site: Site) -> None:
    (key,) = site.get("/-/npm/v1/keys").json["keys"]
    assert (key["keytype"], key["scheme"], key["expires"]) == ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", None)
    public: Any = serialization.load_der_public_key(base64.b64decode(key["key"]))
    for name, version in (("left-pad", "1.3.0"), ("@acme/tools", "3.0.0-rc.1")):
        dist = site.packument(name)["versions"][version]["dist"]
        (signature,) = dist["signatures"]
        assert signature["keyid"] == key["keyid"]
        signed = f"{name}@{version}:{dist['integrity']}".encode()
        public.verify(base64.b64decode(signature["sig"]), signed, ec.ECDSA(hashes.SHA256()))
    assert site.get("/-/npm/v1/keys").json["keys"] == [key]
