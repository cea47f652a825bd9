import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt as pyjwt
import pytest

from registry.auth.actor import ANONYMOUS, Actor
from registry.auth.jwt import OciSigner, signing_key
from registry.auth.oci_access import Access, parse_access, read_claim
from registry.auth.service import Auth
from registry.auth.store import TokenStore
from registry.auth.stores.memory import MemoryTokenStore
from registry.errors import ConfigError, Forbidden, Internal, Unauthenticated
from tests.builders.auth import Clock, login, make_auth, make_options, permission, present

KEY = "k" * 32
PULL = "repository:team/app:pull"
PUSH = "repository:team/app:pull,push"


@pytest.fixture
def auth(store: TokenStore, clock: Clock) -> Auth:
    return make_auth(store, clock, jwt_secret=KEY, anonymous_read=False)


def use(auth: Auth, token: str, ip: str = "127.0.0.1") -> Actor:
    return present(auth, token, "oci", ip)


def forge(auth: Auth, header: dict[str, Any] | None = None, key: str = KEY, **claims: Any) -> str:
    """A token of alice's with these claims changed (None: left out), signed by hand."""
    genuine = pyjwt.decode(auth.issue_oci_token(login(auth), [PUSH]).token, options={"verify_signature": False})
    payload = {name: value for name, value in (genuine | claims).items() if value is not None}
    parts = [pack(json.dumps(part, separators=(",", ":"))) for part in (header or HEADER, payload)]
    return sign(".".join(parts), key)


HEADER = {"alg": "HS256", "typ": "JWT"}


def pack(data: str | bytes) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def sign(text: str, key: str = KEY) -> str:
    return f"{text}.{pack(hmac.digest(key.encode(), text.encode(), hashlib.sha256))}"


def test_a_token_allows_what_was_asked_and_nothing_else(auth: Auth) -> None:
    issued = auth.issue_oci_token(login(auth), [PUSH])
    assert issued.access == (Access("repository", "team/app", ("pull", "push")),)
    actor = use(auth, issued.token)
    assert (actor.user, actor.email) == ("alice", "alice@example.com")
    assert auth.allows(actor, permission("oci:repository:team/app:push"))
    for denied in ("oci:repository:team/app:delete", "oci:repository:team/other:pull", "npm:package:x:read"):
        assert not auth.allows(actor, permission(denied))


def test_the_claims_are_those_of_the_specification(auth: Auth, clock: Clock) -> None:
    issued = auth.issue_oci_token(login(auth), [PUSH])
    claims = pyjwt.decode(issued.token, KEY, algorithms=["HS256"], audience="registry")
    assert claims["access"] == [{"type": "repository", "name": "team/app", "actions": ["pull", "push"]}]
    assert claims["sub"] == "alice"
    assert claims["exp"] - claims["iat"] == issued.expires_in == 300
    assert {"iss", "aud", "nbf", "jti"} <= claims.keys()
    assert "canary" not in repr(issued)
    assert issued.token not in repr(issued)


def test_tokens_stay_small_enough_for_a_header(auth: Auth) -> None:
    asked = [f"repository:{'a' * 60}/{number}:*" for number in range(100)]
    assert len(auth.issue_oci_token(login(auth), asked).token) < 8000


@pytest.mark.parametrize(("ttl", "lifetime"), [(None, 300), (1, 60), (60, 60), (3600, 3600), (10**9, 86400), (-5, 60)])
def test_the_lifetime_is_bounded(auth: Auth, ttl: int | None, lifetime: int) -> None:
    assert auth.issue_oci_token(login(auth), [], ttl).expires_in == lifetime


def test_a_token_dies_in_time_even_while_remembered(auth: Auth, clock: Clock) -> None:
    token = auth.issue_oci_token(login(auth), [PULL]).token
    assert use(auth, token).user == "alice"
    clock.advance(300)
    with pytest.raises(Unauthenticated):
        use(auth, token)


@pytest.mark.parametrize("mount", ["npm", "pypi", ""])
def test_an_oci_token_is_none_elsewhere(auth: Auth, mount: str) -> None:
    token = auth.issue_oci_token(login(auth), [PULL]).token
    with pytest.raises(Unauthenticated):
        present(auth, token, mount)


def test_a_token_of_one_mount_allows_nothing_in_another(auth: Auth) -> None:
    token = auth.issue_oci_token(login(auth), [PULL], mount="images").token
    actor = use(auth, token)
    assert auth.allows(actor, permission("images:repository:team/app:pull"))
    assert not auth.allows(actor, permission("oci:repository:team/app:pull"))


class TestExchange:
    """S21: issued = requested and token and user; nothing is not everything."""

    def test_asking_for_nothing_gives_a_token_for_nothing(self, auth: Auth) -> None:
        issued = auth.issue_oci_token(login(auth), [])
        assert issued.access == ()
        actor = use(auth, issued.token)
        assert actor.user == "alice"
        assert actor.scopes == ()
        for denied in ("oci:repository:team/app:pull", "oci:repository:team/app:push", "oci:registry:catalog:pull"):
            assert not auth.allows(actor, permission(denied))

    def test_a_readonly_token_gets_no_push(self, auth: Auth) -> None:
        actor = present(auth, auth.create_token("alice", "", make_options(readonly=True)).secret, "oci")
        issued = auth.issue_oci_token(actor, ["repository:team/app:pull,push,delete"])
        assert issued.access == (Access("repository", "team/app", ("pull",)),)

    def test_the_users_rights_bound_it(self, auth: Auth) -> None:
        auth.users.set_rights("alice", scopes=["oci:repository:team/*:pull", "oci:repository:mine:*"])
        issued = auth.issue_oci_token(login(auth), ["repository:team/app:*", "repository:mine:*", "repository:x:pull"])
        assert [(each.name, each.actions) for each in issued.access] == [
            ("team/app", ("pull",)),
            ("mine", ("pull", "push", "delete")),
        ]

    def test_the_tokens_scopes_bound_it(self, auth: Auth) -> None:
        secret = auth.create_token("alice", "oci", make_options("oci:repository:team/app:pull")).secret
        issued = auth.issue_oci_token(use(auth, secret), ["repository:team/app:push,pull", "repository:other:pull"])
        assert issued.access == (Access("repository", "team/app", ("pull",)),)

    def test_rights_that_shrink_later_shrink_the_token(self, auth: Auth) -> None:
        token = auth.issue_oci_token(login(auth), [PUSH]).token
        auth.users.set_rights("alice", scopes=["oci:*:*:pull"])
        assert not auth.allows(use(auth, token), permission("oci:repository:team/app:push"))

    def test_an_anonymous_caller_gets_what_everybody_may_read(self, store: TokenStore) -> None:
        auth = make_auth(store, jwt_secret=KEY)
        issued = auth.issue_oci_token(ANONYMOUS, [PUSH])
        assert issued.access == (Access("repository", "team/app", ("pull",)),)
        actor = use(auth, issued.token)
        assert actor.user is None
        auth.authorize(actor, permission("oci:repository:team/app:pull"))
        with pytest.raises(Unauthenticated):
            auth.authorize(actor, permission("oci:repository:team/app:push"))

    def test_an_anonymous_caller_gets_nothing_when_reading_is_not_for_all(self, auth: Auth) -> None:
        issued = auth.issue_oci_token(ANONYMOUS, [PUSH])
        assert issued.access == ()
        with pytest.raises(Unauthenticated):
            auth.authorize(use(auth, issued.token), permission("oci:repository:team/app:pull"))

    def test_a_star_for_a_name_is_no_wildcard(self, auth: Auth) -> None:
        asked = ["repository:*:pull", "repository:team/*:pull", "repository:team.*:pull"]
        assert auth.issue_oci_token(login(auth), asked).access == ()

    def test_an_oci_token_issues_nothing(self, auth: Auth) -> None:
        actor = use(auth, auth.issue_oci_token(login(auth), [PULL]).token)
        with pytest.raises(Forbidden):
            auth.issue_oci_token(actor, [PULL])
        with pytest.raises(Forbidden):
            auth.issue_token(actor)
        with pytest.raises(Forbidden):
            auth.issue_session(actor)
        assert auth.issue_refresh_token(actor) is None

    def test_it_does_not_outlive_what_was_presented(self, auth: Auth, clock: Clock) -> None:
        secret = auth.create_token("alice", "oci", make_options(expires=int(clock.now) + 90)).secret
        assert auth.issue_oci_token(use(auth, secret), [PULL]).expires_in <= 90

    def test_it_is_bound_to_the_networks_of_what_was_presented(self, auth: Auth) -> None:
        secret = auth.create_token("alice", "oci", make_options(cidrs=("10.0.0.0/8",))).secret
        token = auth.issue_oci_token(use(auth, secret, "10.0.0.1"), [PULL]).token
        assert use(auth, token, "10.0.0.2").user == "alice"
        with pytest.raises(Unauthenticated):
            use(auth, token, "192.0.2.1")

    def test_an_administrator_is_none_by_an_oci_token(self, auth: Auth) -> None:
        auth.users.set_rights("alice", admin=True)
        assert login(auth).admin
        assert not use(auth, auth.issue_oci_token(login(auth), ["repository:a:*"]).token).admin


class TestRevocation:
    """S25: a signed token ends with the user, the password, or the token that it was issued for."""

    def test_a_new_password_ends_it(self, auth: Auth) -> None:
        token = auth.issue_oci_token(login(auth), [PULL]).token
        use(auth, token)
        auth.users.set_password("alice", "another password")
        with pytest.raises(Unauthenticated):
            use(auth, token)

    def test_a_removed_user_ends_it_for_ever(self, auth: Auth) -> None:
        token = auth.issue_oci_token(login(auth), [PULL]).token
        auth.remove_user("alice")
        with pytest.raises(Unauthenticated):
            use(auth, token)
        auth.users.add("alice", "another password")
        with pytest.raises(Unauthenticated):
            use(auth, token)

    def test_it_ends_with_the_token_that_it_was_issued_for(self, auth: Auth) -> None:
        issued = auth.create_token("alice", "oci")
        token = auth.issue_oci_token(use(auth, issued.secret), [PULL]).token
        use(auth, token)
        auth.revoke_token(issued.token.id)
        with pytest.raises(Unauthenticated):
            use(auth, token)

    def test_an_old_password_remembered_elsewhere_issues_none_that_lives(self, store: TokenStore, clock: Clock) -> None:
        here, there = (make_auth(store, clock, jwt_secret=KEY) for _ in range(2))
        actor = login(there)
        here.users.set_password("alice", "another password")
        with pytest.raises(Unauthenticated):
            use(there, there.issue_oci_token(actor, [PULL]).token)


class TestForgery:
    """S20: one algorithm, one key, one header, and every claim of its own type."""

    def test_what_is_signed_by_hand_like_ours_is_ours(self, auth: Auth) -> None:
        assert use(auth, forge(auth)).user == "alice"

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none", "typ": "JWT"},
            {"alg": "HS512", "typ": "JWT"},
            {"alg": "RS256", "typ": "JWT"},
            {"alg": "hs256", "typ": "JWT"},
            {"alg": "HS256", "typ": "JWT", "kid": "../../dev/null"},
            {"alg": "HS256", "typ": "JWT", "jku": "https://evil.example/keys"},
            {"alg": "HS256", "typ": "JWT", "jwk": {"kty": "oct", "k": "a2tr"}},
            {"alg": "HS256", "typ": "JWT", "x5u": "https://evil.example/"},
            {"alg": "HS256", "typ": "JWT", "crit": ["b64"], "b64": False},
            {"alg": "HS256", "typ": "JWT", "crit": ["unknown"]},
            {"alg": "HS256"},
        ],
    )
    def test_another_header_is_refused_even_when_signed_with_the_key(self, auth: Auth, header: dict[str, Any]) -> None:
        with pytest.raises(Unauthenticated):
            use(auth, forge(auth, header))

    def test_no_signature_is_refused(self, auth: Auth) -> None:
        unsigned = forge(auth).rpartition(".")[0]
        for token in (f"{unsigned}.", f"{pack(json.dumps({'alg': 'none'}))}.{unsigned.partition('.')[2]}."):
            with pytest.raises(Unauthenticated):
                use(auth, token)

    def test_another_key_is_refused(self, auth: Auth) -> None:
        for key in ("x" * 32, "", KEY + "k", KEY[:-1]):
            with pytest.raises(Unauthenticated):
                use(auth, forge(auth, key=key))

    @pytest.mark.parametrize("claim", ["exp", "iat", "aud", "iss", "sub", "jti", "access", "epoch", "mount", "cidrs"])
    def test_a_missing_claim_is_refused(self, auth: Auth, claim: str) -> None:
        with pytest.raises(Unauthenticated):
            use(auth, forge(auth, None, KEY, **{claim: None}))

    @pytest.mark.parametrize(
        ("claim", "value"),
        [
            ("exp", "99999999999"),
            ("exp", 1),
            ("exp", 99999999999.5),
            ("iat", "1"),
            ("iat", 99999999999),
            ("nbf", 99999999999),
            ("aud", "other"),
            ("aud", ["registry", "other"]),
            ("aud", ["registry"]),
            ("iss", "regis"),
            ("iss", "registry.evil.example"),
            ("iss", ["registry"]),
            ("sub", 1),
            ("sub", "bob"),
            ("sub", ["alice"]),
            ("jti", 1),
            ("access", {}),
            ("access", "*"),
            ("epoch", ""),
            ("epoch", True),
            ("token", "0123456789abcdef"),
            ("mount", 1),
        ],
    )
    def test_a_claim_of_another_type_or_value_is_refused(self, auth: Auth, claim: str, value: Any) -> None:
        with pytest.raises(Unauthenticated):
            use(auth, forge(auth, **{claim: value}))

    @pytest.mark.parametrize(
        "access",
        [
            [{"type": "repository", "name": "*", "actions": ["pull"]}],
            [{"type": "repository", "name": "team/*", "actions": ["push"]}],
            [{"type": "repository", "name": "team/app", "actions": ["*"]}],
            [{"type": "*", "name": "team/app", "actions": ["pull"]}],
            [{"type": "repository", "name": "team/app", "actions": "pull"}],
            [{"type": "repository", "name": ["team/app"], "actions": ["pull"]}],
            [None, 1, "repository:team/app:pull", {}],
        ],
    )
    def test_access_that_we_never_issue_allows_nothing(self, auth: Auth, access: Any) -> None:
        actor = use(auth, forge(auth, access=access))
        for asked in ("oci:repository:team/app:pull", "oci:repository:team/app:push"):
            assert not auth.allows(actor, permission(asked))

    @pytest.mark.parametrize(
        "text",
        [
            "..",
            "a.b.c",
            pack("[" * 5000) + ".e30.e30",
            f"{pack(json.dumps(HEADER, separators=(',', ':')))}.{pack('[' * 4000)}.AAAA",
            f"{pack(json.dumps(HEADER, separators=(',', ':')))}.!!!.AAAA",
            f"{pack(json.dumps(HEADER, separators=(',', ':')))}.e30.\u00e4",
            "a" * 500_000 + ".b.c",
        ],
    )
    def test_what_is_no_token_is_refused(self, auth: Auth, text: str) -> None:
        with pytest.raises(Unauthenticated):
            use(auth, text)

    def test_a_token_too_long_for_any_header_is_not_even_decoded(self, auth: Auth) -> None:
        with pytest.raises(Unauthenticated):
            use(auth, forge(auth, padding="x" * 10_000))


class TestKey:
    def test_a_short_key_is_a_mistake_in_the_settings(self) -> None:
        for configured in ("x", "x" * 31):
            with pytest.raises(ConfigError):
                signing_key(configured, MemoryTokenStore())
        assert signing_key(KEY, MemoryTokenStore()) == KEY.encode()

    def test_all_nodes_share_one_key_made_by_the_first(self, store: TokenStore, clock: Clock) -> None:
        nodes = [make_auth(store, clock) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            tokens = list(pool.map(lambda node: node.issue_oci_token(login(node), [PULL]).token, nodes))
        for node in nodes:
            for token in tokens:
                assert use(node, token).user == "alice"
        assert len(signing_key("", store)) >= 32

    def test_a_damaged_key_is_our_fault(self, store: TokenStore) -> None:
        store.update("jwt-secret", lambda _: {"key": "00"})
        with pytest.raises(Internal):
            signing_key("", store)

    def test_the_key_is_not_made_before_it_is_needed(self, store: TokenStore) -> None:
        auth = make_auth(store)
        login(auth)
        assert store.read("jwt-secret") is None

    def test_a_signer_asks_for_its_key_once(self) -> None:
        asked: list[int] = []

        def key() -> bytes:
            asked.append(1)
            return KEY.encode()

        signer = OciSigner(key)
        assert signer.verify("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA") is None
        assert signer.verify("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAB") is None
        assert asked == [1]


class TestRefresh:
    def test_a_refresh_token_gets_oci_tokens_again_and_again(self, auth: Auth) -> None:
        secret = auth.issue_refresh_token(login(auth))
        assert secret
        for _ in range(2):
            actor = auth.redeem_refresh_token(secret, ip="192.0.2.1", user_agent="docker")
            assert (actor.user, actor.ip, actor.user_agent) == ("alice", "192.0.2.1", "docker")
            assert auth.issue_oci_token(actor, [PULL]).access

    @pytest.mark.parametrize("mount", ["oci", "npm", ""])
    def test_it_opens_nothing_else(self, auth: Auth, mount: str) -> None:
        secret = auth.issue_refresh_token(login(auth))
        assert secret
        with pytest.raises(Unauthenticated):
            present(auth, secret, mount)

    def test_other_tokens_are_no_refresh_tokens(self, auth: Auth) -> None:
        for secret in (auth.create_token("alice").secret, auth.issue_oci_token(login(auth), [PULL]).token, "x", ""):
            with pytest.raises(Unauthenticated):
                auth.redeem_refresh_token(secret)

    def test_only_a_password_gets_one(self, auth: Auth) -> None:
        assert auth.issue_refresh_token(ANONYMOUS) is None
        assert auth.issue_refresh_token(present(auth, auth.create_token("alice").secret)) is None

    def test_it_ends_with_the_password_by_revocation_and_in_time(self, auth: Auth, clock: Clock) -> None:
        revoked, outlived, timed = (auth.issue_refresh_token(login(auth)) or "" for _ in range(3))
        access = auth.issue_oci_token(auth.redeem_refresh_token(revoked), [PULL]).token
        auth.revoke_token(revoked, "alice")
        for secret, used in ((revoked, auth.redeem_refresh_token), (access, lambda token: use(auth, token))):
            with pytest.raises(Unauthenticated):
                used(secret)
        clock.advance(91 * 86400)
        with pytest.raises(Unauthenticated):
            auth.redeem_refresh_token(timed)
        clock.advance(-91 * 86400)
        auth.users.set_password("alice", "another password")
        with pytest.raises(Unauthenticated):
            auth.redeem_refresh_token(outlived)


@pytest.mark.parametrize(
    ("text", "access"),
    [
        ("repository:team/app:pull", Access("repository", "team/app", ("pull",))),
        ("repository:team/app:push,pull", Access("repository", "team/app", ("pull", "push"))),
        ("repository:team/app:*", Access("repository", "team/app", ("pull", "push", "delete"))),
        ("repository(plugin):team/app:pull", Access("repository", "team/app", ("pull",))),
        ("repository:host:5000/x:pull", Access("repository", "host:5000/x", ("pull",))),
        ("registry:catalog:*", Access("registry", "catalog", ("pull", "push", "delete"))),
        ("repository:a:pull,frobnicate", Access("repository", "a", ("pull",))),
        ("repository:a:frobnicate", None),
        ("repository:a:", None),
        ("repository:a", None),
        ("repository::pull", None),
        ("repository:a*:pull", None),
        ("repository:a b:pull", None),
        ("repository:\u0430:pull", None),
        ("repository:" + "a" * 256 + ":pull", None),
        ("artifact:a:pull", None),
        ("*:*:*", None),
        ("", None),
    ],
)
def test_a_scope_parameter_is_read_or_ignored(text: str, access: Access | None) -> None:
    assert parse_access(text) == access
    assert access is None or read_claim(access.to_claim()) == access
