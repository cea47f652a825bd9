import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.auth.scopes import ACTIONS, EVERYTHING, READ_ONLY, Permission, Scope, known_scopes, parse_scope, permits
from registry.errors import Invalid
from tests.builders.auth import permission

SEGMENT = st.sampled_from(["acme", "@acme", "lib", "com.example", "com", "x:5000", "a"])
NAMES = st.lists(SEGMENT, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from(["/", ".", ":"]).map(lambda separator: separator.join(parts))
)
WILD_NAMES = st.one_of(NAMES, NAMES.flatmap(lambda name: st.sampled_from([f"{name}/*", f"{name}.*", f"{name}:*"])))
WORDS = st.sampled_from(["npm", "oci", "package", "repository", "x"])
ACTION = st.sampled_from(sorted(ACTIONS))
STAR = st.just("*")
SCOPES = st.builds(Scope, WORDS | STAR, WORDS | STAR, WILD_NAMES | STAR, ACTION | STAR)
PERMISSIONS = st.builds(Permission, WORDS, WORDS, NAMES, ACTION)


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("npm:package:express:read", "npm:package:express:read"),
        ("npm:package:@acme/*:write", "npm:package:@acme/left-pad:write"),
        ("maven:artifact:com.example.*:write", "maven:artifact:com.example.lib:write"),
        ("maven:artifact:com.example:*:write", "maven:artifact:com.example:lib:write"),
        ("maven:package:com.acme:lib:write", "maven:package:com.acme:lib:write"),
        ("oci:repository:host:5000/x:push", "oci:repository:host:5000/x:push"),
        ("oci:repository:team/*:push", "oci:repository:team/a/b:push"),
        ("pypi:*:*:*", "pypi:project:demo:delete"),
        ("*:*:*:*", "cargo:crate:serde:admin"),
    ],
)
def test_a_scope_allows_what_it_names(scope: str, asked: str) -> None:
    assert parse_scope(scope).allows(permission(asked))


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("npm:package:*:write", "npm:package:express:delete"),
        ("npm:*:*:*", "npm-internal:package:express:read"),
        ("npm:package:express:read", "npm:package:Express:read"),
        ("npm:package:@acme/*:write", "npm:package:@acme:write"),
        ("npm:package:@acme/*:write", "npm:package:@acme/:write"),
        ("npm:package:@acme/*:write", "npm:package:@acme-evil/x:write"),
        ("npm:package:foo/*:write", "npm:package:foobar:write"),
        ("maven:artifact:com.example.*:write", "maven:artifact:com.example:write"),
        ("maven:artifact:com.example.*:write", "maven:artifact:com.exampleevil:write"),
        ("maven:package:com.acme:lib:write", "maven:package:com.acme:write"),
        ("oci:repository:team/*:push", "oci:repository:*:push"),
        ("*:*:*:*", "npm:package:express:publish"),
        ("*:*:*:*", "npm:package:express:*"),
        ("*:*:*:*", "npm:package:express:"),
        ("*:*:*:*", "npm:package::read"),
        ("*:*:*:*", "npm::express:read"),
        ("*:*:*:*", ":package:express:read"),
    ],
)
def test_a_scope_denies_what_it_does_not_name(scope: str, asked: str) -> None:
    assert not parse_scope(scope).allows(permission(asked))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "npm",
        "npm:package:express",
        "npm:package:express:",
        "npm:package::read",
        "npm::express:read",
        ":package:express:read",
        "npm:package:foo*:write",
        "npm:package:*foo:write",
        "npm:package:@acme/**:write",
        "npm:package:@*/x:write",
        "npm:package:/*:write",
        "np*:package:x:write",
        "npm:pack*:x:write",
        "npm:package:x:wr*",
        "npm:package:x:frobnicate",
        "npm:package:x:READ",
        "npm:package:x y:read",
        "npm:package:x\n:read",
        "npm:package:\u0430:read",
        "npm\uff1apackage\uff1ax\uff1aread",
        "npm:package:" + "a" * 600 + ":read",
    ],
)
def test_a_text_that_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_scope(text)


@given(SCOPES)
def test_a_scope_survives_being_written_down(scope: Scope) -> None:
    assert parse_scope(str(scope)) == scope


@given(SCOPES, PERMISSIONS, st.sampled_from(["mount", "type", "name", "action"]))
def test_a_wider_field_never_allows_less(scope: Scope, asked: Permission, field: str) -> None:
    fields = {name: getattr(scope, name) for name in ("mount", "type", "name", "action")} | {field: "*"}
    assert not scope.allows(asked) or Scope(**fields).allows(asked)


@given(st.lists(SCOPES, max_size=4), SCOPES, PERMISSIONS)
def test_one_more_scope_never_allows_less(scopes: list[Scope], more: Scope, asked: Permission) -> None:
    assert not permits(tuple(scopes), asked) or permits((*scopes, more), asked)


@given(SCOPES, PERMISSIONS, st.sampled_from(["", "publish", "WRITE", "*", "read "]))
def test_no_scope_allows_an_unknown_action(scope: Scope, asked: Permission, action: str) -> None:
    assert not scope.allows(Permission(asked.mount, asked.type, asked.name, action))


@given(PERMISSIONS)
def test_no_scopes_allow_nothing_and_all_allow_everything(asked: Permission) -> None:
    assert not permits((), asked)
    assert permits(EVERYTHING, asked)


@given(PERMISSIONS)
def test_read_only_means_read_and_pull(asked: Permission) -> None:
    assert permits(READ_ONLY, asked) == (asked.action in ("read", "pull"))


def test_scopes_of_a_newer_release_are_left_out_of_what_a_record_allows() -> None:
    assert known_scopes(["npm:*:*:teleport", "npm:*:*:read"]) == (Scope("npm", "*", "*", "read"),)


def test_a_long_hostile_name_is_refused_quickly() -> None:
    with pytest.raises(Invalid):
        parse_scope("npm:package:" + "/." * 200 + "*x:read")
