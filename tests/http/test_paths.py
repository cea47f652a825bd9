import pytest

from registry.errors import Invalid
from registry.http.mount import Mount
from registry.http.paths import MountTable, check_path, request_path
from registry.http.refusals import render_plain


def mount(name: str, path: str | None = None, roots: tuple[str, ...] = ()) -> Mount:
    return Mount(name, name, path if path is not None else f"/{name}", name, render_plain, root_paths=roots)


@pytest.mark.parametrize(
    "path",
    [
        "/npm/../etc",
        "/npm/./x",
        "/npm/..",
        "//etc/passwd",
        "/npm//x",
        "/npm/a\x00b",
        "/npm/a\\b",
        "/npm/a\nb",
        "npm",
        "/npm/a\x7f",
    ],
)
def test_a_path_that_no_name_could_have_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        check_path(path)


@pytest.mark.parametrize(
    "path", ["/", "/npm/", "/simple/demo/", "/npm/@acme/x", "/v2/a/b..c/manifests/v1", "/npm/...x"]
)
def test_an_ordinary_path_passes_unchanged(path: str) -> None:
    assert check_path(path) == path


def test_an_undecoded_scope_separator_is_read_as_a_slash() -> None:
    assert check_path("/npm/@acme%2fleft-pad/-/x.tgz") == "/npm/@acme/left-pad/-/x.tgz"


def test_a_path_is_decoded_from_the_bytes_that_wsgi_tunnels() -> None:
    assert request_path({"PATH_INFO": "/é".encode().decode("latin-1")}) == "/é"


def test_a_path_that_is_not_utf8_is_refused() -> None:
    path = request_path({"PATH_INFO": "/npm/\xff"})
    assert MountTable([npm := mount("npm")]).find(path)[0] == npm
    with pytest.raises(Invalid):
        check_path(path)


def test_the_longest_prefix_on_whole_segments_finds_the_mount() -> None:
    npm, internal = mount("npm"), mount("internal", "/npm/internal")
    table = MountTable([npm, internal])
    assert table.find("/npm/left-pad") == (npm, "/left-pad")
    assert table.find("/npm/internal/left-pad") == (internal, "/left-pad")
    assert table.find("/npm/internally") == (npm, "/internally")
    assert table.find("/npmx") == (None, "/npmx")
    assert table.find("/npm") == (npm, "/")


def test_a_root_path_keeps_its_whole_path() -> None:
    pypi = mount("pypi", roots=("/simple",))
    table = MountTable([pypi])
    assert table.find("/simple/demo/") == (pypi, "/simple/demo/")
    assert table.find("/pypi/simple/demo/") == (pypi, "/simple/demo/")
    assert table.is_outside(pypi, "/simple/demo/")
    assert not table.is_outside(pypi, "/pypi/simple/demo/")


def test_the_path_of_the_public_url_is_dropped_where_a_proxy_left_it_on() -> None:
    npm = mount("npm")
    table = MountTable([npm], "/registry")
    assert table.find("/registry/npm/x") == table.find("/npm/x") == (npm, "/x")
    assert not table.is_outside(npm, "/registry/npm/x")
