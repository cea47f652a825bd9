import pytest
from hypothesis import given

from registry.auth.actor import ANONYMOUS, Actor
from registry.auth.scopes import Permission, parse_scopes
from registry.auth.service import Auth
from registry.auth.tokens import IssuedToken
from registry.errors import AlreadyExists, Forbidden, Invalid, NotFound, Unauthenticated
from tests.auth.test_scopes import PERMISSIONS
from tests.builders.auth import PASSWORD, Clock, login, make_auth, make_options, permission, present

READ = permission("npm:package:left-pad:read")
PULL = permission("oci:repository:team/app:pull")
WRITE = permission("npm:package:left-pad:write")
DELETE = permission("npm:package:left-pad:delete")
ADMIN = permission("npm:package:left-pad:admin")
PRIVATE = make_auth(anonymous_read=False)


@pytest.mark.parametrize("asked", [READ, PULL])
def test_everybody_reads_while_anonymous_reading_is_on(asked: Permission) -> None:
    make_auth().authorize(ANONYMOUS, asked)


@pytest.mark.parametrize("asked", [READ, PULL])
def test_nobody_reads_anonymously_when_it_is_off(asked: Permission) -> None:
    with pytest.raises(Unauthenticated):
        PRIVATE.authorize(ANONYMOUS, asked)


@pytest.mark.parametrize("asked", [WRITE, DELETE, ADMIN, permission("oci:repository:x:push"), permission("a:b:c:d")])
def test_an_anonymous_caller_does_nothing_else(auth: Auth, asked: Permission) -> None:
    with pytest.raises(Unauthenticated):
        auth.authorize(ANONYMOUS, asked)


def test_a_known_caller_without_the_right_is_forbidden() -> None:
    actor = Actor("alice", parse_scopes(["npm:package:other:*"]))
    for asked in (READ, WRITE):
        with pytest.raises(Forbidden):
            PRIVATE.authorize(actor, asked)


def test_a_known_caller_reads_what_everybody_reads(auth: Auth) -> None:
    auth.authorize(Actor("alice", parse_scopes(["npm:package:other:write"])), READ)


def test_a_known_caller_without_scopes_may_do_nothing() -> None:
    with pytest.raises(Forbidden):
        PRIVATE.authorize(Actor("alice", ()), READ)


@given(PERMISSIONS)
def test_a_token_does_what_its_scopes_and_the_users_both_allow(asked: Permission) -> None:
    token_scopes, user_scopes = ["npm:*:*:*", "oci:*:a/*:pull"], ["*:package:*:*", "*:repository:*:*"]
    actor = make_limited(token_scopes, user_scopes)
    alone = [Actor("alice", parse_scopes(scopes)) for scopes in (token_scopes, user_scopes)]
    assert PRIVATE.allows(actor, asked) == all(PRIVATE.allows(each, asked) for each in alone)


def make_limited(token_scopes: list[str], user_scopes: list[str]) -> Actor:
    if PRIVATE.users.get("limited") is None:
        PRIVATE.users.add("limited", scopes=user_scopes)
    secret = PRIVATE.create_token("limited", "", make_options(*token_scopes)).secret
    actor = present(PRIVATE, secret)
    PRIVATE.revoke_token(secret)
    return actor


@pytest.mark.parametrize("asked", [WRITE, DELETE, ADMIN, permission("npm:package:left-pad:push")])
def test_a_readonly_token_only_reads(asked: Permission) -> None:
    actor = present(PRIVATE, PRIVATE.create_token("alice", "npm", make_options(readonly=True)).secret)
    PRIVATE.authorize(actor, READ)
    PRIVATE.authorize(actor, PULL)
    with pytest.raises(Forbidden):
        PRIVATE.authorize(actor, asked)


def test_a_user_may_do_what_the_record_says_now(auth: Auth) -> None:
    auth.authorize(login(auth), WRITE)
    auth.users.set_rights("alice", scopes=["npm:*:*:read"])
    with pytest.raises(Forbidden):
        auth.authorize(login(auth), WRITE)


class TestAdministrators:
    def test_an_administrator_is_one_by_password_and_by_an_unlimited_token(self, auth: Auth) -> None:
        auth.users.add("root", PASSWORD, admin=True)
        assert login(auth, "root").admin
        assert present(auth, auth.create_token("root").secret).admin
        assert present(auth, auth.issue_session(login(auth, "root")).secret).admin

    @pytest.mark.parametrize(
        "options", [make_options(readonly=True), make_options("npm:*:*:*"), make_options("*:*:*:write")]
    )
    def test_a_limited_token_of_an_administrator_is_nobodys_administrator(self, auth: Auth, options: object) -> None:
        auth.users.add("root", PASSWORD, admin=True)
        secret = auth.create_token("root", "", options).secret  # type: ignore[arg-type]
        assert not present(auth, secret).admin

    def test_nobody_else_is_one(self, auth: Auth) -> None:
        assert not login(auth).admin
        assert not present(auth, auth.create_token("alice").secret).admin


class TestIssuing:
    """S21: what is issued never allows more than what was presented."""

    def issue(self, auth: Auth, *scopes: str, **options: object) -> tuple[Actor, IssuedToken]:
        actor = present(auth, auth.create_token("alice", "", make_options(*scopes, **options)).secret)
        return actor, auth.issue_token(actor)

    def test_a_password_issues_what_the_user_may(self, auth: Auth) -> None:
        issued = auth.issue_token(login(auth), "npm", make_options("npm:*:*:write", name="ci"))
        auth.authorize(present(auth, issued.secret), WRITE)
        with pytest.raises(Forbidden):
            auth.authorize(present(auth, issued.secret), DELETE)

    @pytest.mark.parametrize(
        ("scopes", "options"), [(["npm:*:*:read"], {}), ([], {"readonly": True}), (["npm:package:other:*"], {})]
    )
    def test_a_limited_token_issues_none_that_is_less_limited(
        self, auth: Auth, scopes: list[str], options: dict[str, object]
    ) -> None:
        _, issued = self.issue(auth, *scopes, **options)
        child = present(auth, issued.secret)
        grandchild = present(auth, auth.issue_token(child).secret)
        for actor in (child, grandchild):
            with pytest.raises(Forbidden):
                auth.authorize(actor, WRITE)

    def test_it_does_not_outlive_what_was_presented(self, auth: Auth, clock: Clock) -> None:
        end = int(clock.now) + 60
        actor, issued = self.issue(auth, expires=end)
        assert issued.token.expires == end
        assert auth.issue_token(actor, "", make_options(expires=end + 60)).token.expires == end
        assert auth.issue_token(actor, "", make_options(expires=end - 1)).token.expires == end - 1

    def test_nor_does_it_by_way_of_a_session(self, auth: Auth, clock: Clock) -> None:
        end = int(clock.now) + 60
        actor, _ = self.issue(auth, expires=end)
        session = present(auth, auth.issue_session(actor).secret)
        assert auth.issue_token(session).token.expires == end

    def test_what_a_session_of_a_password_issues_outlives_the_session(self, auth: Auth, clock: Clock) -> None:
        session = auth.issue_session(login(auth))
        assert session.token.expires == int(clock.now) + 12 * 3600
        assert auth.issue_token(present(auth, session.secret)).token.expires is None

    def test_a_token_of_one_protocol_issues_none_for_others(self, auth: Auth) -> None:
        actor = present(auth, auth.create_token("alice", "npm").secret)
        assert auth.issue_token(actor, "npm").token.protocol == "npm"
        for protocol in ("", "oci"):
            with pytest.raises(Forbidden):
                auth.issue_token(actor, protocol)

    def test_an_anonymous_caller_issues_nothing(self, auth: Auth) -> None:
        for issue in (auth.issue_token, auth.issue_session):
            with pytest.raises(Unauthenticated):
                issue(ANONYMOUS)

    def test_only_an_administrator_issues_tokens_of_others(self, auth: Auth) -> None:
        auth.users.add("root", PASSWORD, admin=True)
        assert auth.issue_token(login(auth, "root"), user="alice").token.user == "alice"
        with pytest.raises(Forbidden):
            auth.issue_token(login(auth), user="root")

    def test_what_was_presented_must_still_be_good(self, auth: Auth) -> None:
        by_password, (by_token, _) = login(auth), self.issue(auth)
        auth.revoke_token(by_token.token_id or "")
        auth.users.set_password("alice", "another password")
        for actor in (by_password, by_token):
            with pytest.raises(Unauthenticated):
                auth.issue_token(actor)

    def test_a_token_of_nobody_is_not_created(self, auth: Auth) -> None:
        with pytest.raises(NotFound):
            auth.create_token("bob")


class TestRegistration:
    def test_it_is_off_unless_switched_on(self, auth: Auth) -> None:
        with pytest.raises(Forbidden):
            auth.register("bob", PASSWORD)
        assert auth.users.get("bob") is None

    def test_who_registers_is_an_ordinary_user(self) -> None:
        auth = make_auth(registration=True)
        user = auth.register("bob", PASSWORD, email="bob@example.com")
        assert (user.name, user.email, user.admin) == ("bob", "bob@example.com", False)
        assert login(auth, "bob").user == "bob"

    def test_a_name_that_is_taken_or_bad_is_refused(self) -> None:
        auth = make_auth(registration=True)
        with pytest.raises(AlreadyExists):
            auth.register("alice", "another password")
        with pytest.raises(Invalid):
            auth.register("__token__", PASSWORD)
