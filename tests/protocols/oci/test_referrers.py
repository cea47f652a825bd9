import threading

from tests.builders.oci import Pusher, digest_of, make_artifact, make_image, make_index, refused
from tests.protocols.oci.test_tags import link_of

SUBJECT = make_image(b"layer")
SBOM = make_artifact(SUBJECT, "application/vnd.sbom", annotations={"by": "us"})
SIGNATURE = make_artifact(SUBJECT, "application/vnd.signature")


def digests(descriptors: list[dict[str, str]]) -> set[str]:
    return {each["digest"] for each in descriptors}


def test_whoever_has_a_subject_is_among_its_referrers(pusher: Pusher) -> None:
    pusher.push(SUBJECT, tag="v1")
    pusher.push(SBOM)
    assert pusher.put(SBOM).headers["oci-subject"] == SUBJECT.digest
    expected = {**SBOM.describe(), "artifactType": "application/vnd.sbom", "annotations": {"by": "us"}}
    assert pusher.referrers(SUBJECT.digest) == [expected]
    pusher.push(SIGNATURE, tag="signed")
    assert digests(pusher.referrers(SUBJECT.digest)) == {SBOM.digest, SIGNATURE.digest}


def test_pushing_a_referrer_again_changes_nothing(pusher: Pusher) -> None:
    pusher.push(SUBJECT)
    pusher.push(SBOM)
    before = pusher.registry.stored()
    pusher.push(SBOM)
    assert pusher.registry.stored() == before


def test_indexes_refer_too(pusher: Pusher) -> None:
    pusher.push(SUBJECT)
    plain = make_index(subject=SUBJECT.describe())
    typed = make_index(subject=SUBJECT.describe(), artifactType="application/x")
    pusher.push(plain, typed)
    found = {each["digest"]: each for each in pusher.referrers(SUBJECT.digest)}
    assert "artifactType" not in found[plain.digest]
    assert found[typed.digest]["artifactType"] == "application/x"


def test_a_filter_is_applied_and_said_to_be(pusher: Pusher) -> None:
    pusher.push(SUBJECT)
    pusher.push(SBOM)
    pusher.push(SIGNATURE)
    answer = pusher.get(f"referrers/{SUBJECT.digest}?artifactType=application/vnd.sbom")
    assert answer.headers["oci-filters-applied"] == "artifactType"
    assert digests(answer.json["manifests"]) == {SBOM.digest}
    assert pusher.referrers(SUBJECT.digest, "?artifactType=application/none") == []
    assert "oci-filters-applied" not in pusher.get(f"referrers/{SUBJECT.digest}").headers


def test_nobody_refers_to_what_nobody_knows(pusher: Pusher) -> None:
    assert pusher.referrers(digest_of(b"unknown")) == []
    assert pusher.elsewhere("no/such/repository").referrers(digest_of(b"x", "sha512")) == []
    refused(pusher.get("referrers/sha256:abc"), 400, "DIGEST_INVALID")
    refused(pusher.get("referrers/latest"), 400, "DIGEST_INVALID")


def test_a_subject_need_not_be_there_and_referrers_outlive_it(pusher: Pusher) -> None:
    pusher.push(SBOM)
    assert digests(pusher.referrers(SUBJECT.digest)) == {SBOM.digest}
    pusher.push(SUBJECT)
    pusher.ask("DELETE", f"manifests/{SUBJECT.digest}")
    assert digests(pusher.referrers(SUBJECT.digest)) == {SBOM.digest}


def test_a_deleted_referrer_is_gone_at_once(pusher: Pusher) -> None:
    pusher.push(SUBJECT)
    pusher.push(SBOM, tag="sbom")
    assert pusher.ask("DELETE", f"manifests/{SBOM.digest}").status == 202
    assert pusher.referrers(SUBJECT.digest) == []


def test_a_fallback_tag_lists_nothing_that_the_referrers_lack(pusher: Pusher) -> None:
    pusher.push(SUBJECT)
    pusher.push(SBOM)
    pusher.push(make_index(SBOM), tag=SUBJECT.digest.replace(":", "-"))
    assert digests(pusher.referrers(SUBJECT.digest)) == {SBOM.digest}


def test_referrers_belong_to_their_repository(pusher: Pusher) -> None:
    pusher.push(SBOM)
    assert pusher.elsewhere("team/other").referrers(SUBJECT.digest) == []


def test_large_lists_come_in_pages(pusher: Pusher) -> None:
    pusher.push(SUBJECT)
    artifacts = [
        make_artifact(SUBJECT, "application/large", annotations={"number": str(number), "text": "x" * 1_500_000})
        for number in range(5)
    ]
    pusher.push(*artifacts)
    found: set[str] = set()
    path: str | None = f"referrers/{SUBJECT.digest}?artifactType=application/large"
    pages = 0
    while path:
        answer = pusher.get(path)
        assert len(answer.body) < 5 << 20
        assert answer.headers["oci-filters-applied"] == "artifactType"
        assert not found & digests(answer.json["manifests"])
        found |= digests(answer.json["manifests"])
        path = link_of(answer)
        pages += 1
    assert found == {each.digest for each in artifacts}
    assert pages == 3


def test_no_referrer_is_lost_when_many_are_pushed_at_once(pusher: Pusher) -> None:
    artifacts = [make_artifact(SUBJECT, annotations={"number": str(number)}) for number in range(12)]
    pusher.push_blob(b"{}")
    threads = [threading.Thread(target=pusher.put, args=(each,)) for each in artifacts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests(pusher.referrers(SUBJECT.digest)) == {each.digest for each in artifacts}
