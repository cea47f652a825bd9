import random
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.builders.asking import Answer
from tests.builders.oci import Pusher, make_image, refused

NAMES = ["1", "A", "Z9", "_x", "a", "a.b", "b-c", "latest", "v1", "v10", "v2", "é".replace("é", "z")]


@pytest.fixture
def tagged(pusher: Pusher) -> Pusher:
    image = pusher.push(make_image(b"layer"))
    names = NAMES.copy()
    random.Random(6).shuffle(names)
    assert pusher.put(image, query="?" + "&".join(f"tag={name}" for name in names)).status == 201
    return pusher


def link_of(answer: Answer) -> str | None:
    """The path of the next page."""
    if "link" not in answer.headers:
        return None
    path, _, relation = answer.headers["link"].partition(">")
    assert relation == '; rel="next"'
    return path.removeprefix("<")


def test_tags_come_in_byte_order(tagged: Pusher) -> None:
    assert tagged.tags() == sorted(NAMES, key=str.encode)


@pytest.mark.parametrize("size", [1, 2, 5, 11, 12, 13, 5000])
def test_pages_follow_one_another(tagged: Pusher, size: int) -> None:
    found: list[str] = []
    path: str | None = f"tags/list?n={size}"
    while path:
        answer = tagged.get(path)
        assert len(answer.json["tags"]) <= size
        found += answer.json["tags"]
        path = link_of(answer)
        if path:
            assert path.startswith("/v2/team/app/tags/list?")
            assert parse_qs(urlsplit(path).query) == {"n": [str(size)], "last": [found[-1]]}
    assert found == sorted(NAMES)


def test_a_page_of_nothing_is_the_last(tagged: Pusher) -> None:
    answer = tagged.get("tags/list?n=0")
    assert (answer.status, answer.json["tags"]) == (200, [])
    assert link_of(answer) is None


def test_last_works_by_itself_and_need_not_exist(tagged: Pusher) -> None:
    assert tagged.tags("?last=v1") == ["v10", "v2", "z"]
    assert tagged.tags("?last=v1.5") == ["v10", "v2", "z"]
    assert tagged.tags("?last=zz") == []


@pytest.mark.parametrize("count", ["-1", "x", "1.5", "%20", "99999999999999999999999"])
def test_what_is_no_count_is_refused(tagged: Pusher, count: str) -> None:
    refused(tagged.get(f"tags/list?n={count}"), 400, "PAGINATION_NUMBER_INVALID")


def test_a_huge_page_is_clamped(tagged: Pusher) -> None:
    assert tagged.tags("?n=1000000000") == sorted(NAMES)


def test_a_repository_without_tags_has_an_empty_list(pusher: Pusher) -> None:
    refused(pusher.get("tags/list"), 404, "NAME_UNKNOWN")
    image = pusher.push(make_image(b"layer"))
    assert pusher.tags() == []
    pusher.ask("DELETE", f"manifests/{image.digest}")
    assert pusher.tags() == []


def test_a_repository_does_not_list_the_tags_of_those_below_it(pusher: Pusher) -> None:
    pusher.push(make_image(b"layer"), tag="v1")
    pusher.elsewhere("team/app/sub").push(make_image(b"layer"), tag="v2")
    pusher.elsewhere("team").push(make_image(b"layer"), tag="v3")
    assert pusher.tags() == ["v1"]
    assert pusher.elsewhere("team/app/sub").tags() == ["v2"]
    assert pusher.elsewhere("team").tags() == ["v3"]


def test_tags_that_differ_in_case_are_two(pusher: Pusher) -> None:
    pusher.push(make_image(b"1"), tag="V1")
    pusher.push(make_image(b"2"), tag="v1")
    assert pusher.tags() == ["V1", "v1"]
    assert pusher.get("manifests/V1").body == make_image(b"1").body


def test_the_longest_tag_is_kept(pusher: Pusher) -> None:
    longest = "A" * 128
    pusher.push(make_image(b"1"), tag=longest)
    assert pusher.tags() == [longest]
    assert pusher.get(f"manifests/{longest}").status == 200
