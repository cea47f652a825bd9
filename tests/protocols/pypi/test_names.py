import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from registry.protocols.pypi.names import (
    MAX_FILENAME,
    MAX_PROJECT_NAME,
    Filename,
    FilenameInvalid,
    Filetype,
    NameInvalid,
    ProjectName,
    normalize_name,
    parse_filename,
)

DEMO_APP = ProjectName("demo-app")


@pytest.mark.parametrize("spelled", ["demo-app", "Demo.App", "demo_app", "DEMO--app", "demo._-app"])
def test_all_spellings_of_a_project_name_are_one_project(spelled: str) -> None:
    assert normalize_name(spelled) == "demo-app"


@pytest.mark.parametrize(
    "text",
    ["", "-demo", "demo-", ".demo", "demo_", "de mo", "demo\n", "démo", "de/mo", "..", "ｄemo", "a\0b", "a" * 201],
)
def test_what_is_no_project_name_is_refused(text: str) -> None:
    with pytest.raises(NameInvalid):
        normalize_name(text)


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,60}[A-Za-z0-9])?", fullmatch=True))
def test_names_are_normalised_as_installers_do(text: str) -> None:
    assert str(normalize_name(text)) == canonicalize_name(text, validate=True)


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,60}[A-Za-z0-9])?", fullmatch=True))
def test_a_normal_name_is_its_own_normal_form(text: str) -> None:
    assert normalize_name(normalize_name(text)) == normalize_name(text)


def test_the_longest_name_is_taken() -> None:
    assert normalize_name("a" * MAX_PROJECT_NAME)


@pytest.mark.parametrize(
    ("text", "version", "python"),
    [
        ("demo_app-1.0-py3-none-any.whl", "1.0", "py3"),
        ("Demo.App-1.0-py3-none-any.whl", "1.0", "py3"),
        ("demo_app-1.0-2-py2.py3-none-any.whl", "1.0", "py2.py3"),
        ("demo_app-1.0-2build-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "1.0", "cp311"),
        ("demo_app-1!2.0+cu121-cp311-cp311-win_amd64.whl", "1!2.0+cu121", "cp311"),
    ],
)
def test_a_wheel_name_tells_version_and_python_tag(text: str, version: str, python: str) -> None:
    assert parse_filename(text, DEMO_APP) == Filename(text, Filetype.WHEEL, version, python)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("demo_app-1.0.tar.gz", "1.0"),
        ("demo-app-1.0.tar.gz", "1.0"),
        ("Demo.App-1.0.zip", "1.0"),
        ("demo-app-1.0-1.tar.gz", "1.0-1"),
        ("demo_app-1.0+local.1.tar.gz", "1.0+local.1"),
    ],
)
def test_an_sdist_name_tells_the_version(text: str, version: str) -> None:
    assert parse_filename(text, DEMO_APP) == Filename(text, Filetype.SDIST, version, "source")


def test_the_project_decides_where_the_version_of_an_sdist_begins() -> None:
    assert parse_filename("demo-2-1.tar.gz", ProjectName("demo")).version == "2-1"
    assert parse_filename("demo-2-1.tar.gz", ProjectName("demo-2")).version == "1"


@pytest.mark.parametrize(
    "text",
    [
        "demo-1.0-py3-none-any.whl",
        "other-1.0.tar.gz",
        "demo_app-1.0-py3-none.whl",
        "demo_app-1.0-x1-py3-none-any.whl",
        "demo_app-1.0-1-2-py3-none-any.whl",
        "demo_app-1.0-py3-no+ne-any.whl",
        "demo_app.tar.gz",
    ],
)
def test_a_file_name_of_another_project_or_form_is_refused(text: str) -> None:
    with pytest.raises(FilenameInvalid):
        parse_filename(text, DEMO_APP)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".demo_app-1.0.tar.gz",
        "demo_app-1..0.tar.gz",
        "../demo_app-1.0.tar.gz",
        "a/demo_app-1.0.tar.gz",
        "a\\demo_app-1.0.tar.gz",
        "demo_app-1.0.tar.gz\n",
        "demo_app-1.0.tar.gz\0",
        "démo_app-1.0.tar.gz",
        'demo_app-1.0".tar.gz',
        "demo_app-1.0;x.tar.gz",
        "demo_app-1.0%2f.tar.gz",
        f"demo_app-{'1' * MAX_FILENAME}.tar.gz",
    ],
)
def test_a_file_name_that_is_unsafe_anywhere_is_refused(text: str) -> None:
    with pytest.raises(FilenameInvalid):
        parse_filename(text, DEMO_APP)


@pytest.mark.parametrize("suffix", [".egg", ".exe", ".msi", ".tar.bz2", ".tar", ".asc", ".WHL", ""])
def test_other_kinds_of_files_are_refused(suffix: str) -> None:
    with pytest.raises(FilenameInvalid):
        parse_filename(f"demo_app-1.0{suffix}", DEMO_APP)


@given(st.text(max_size=300))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for candidate in (text, f"demo_app-{text}.tar.gz", f"demo_app-1.0-{text}.whl"):
        with contextlib.suppress(FilenameInvalid):
            assert parse_filename(candidate, DEMO_APP).text == candidate


@pytest.mark.parametrize("text", ["-" * 240, "a-" * 120, "0" * 240, "a." * 120, "demo-" * 47])
def test_no_file_name_takes_long_to_refuse(text: str) -> None:
    started = time.process_time()
    for suffix in (".whl", ".tar.gz"):
        with pytest.raises(FilenameInvalid):
            parse_filename(text[:236] + suffix, DEMO_APP)
    assert time.process_time() - started < 0.05
