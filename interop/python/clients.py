"""Clients that need no person: token exchange, client credentials, refresh, introspection, revocation."""
import asyncio
import json
import os
import tempfile
import warnings

import google.auth
import google.auth.transport.requests
import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from google.auth import identity_pool
from google.oauth2 import sts, utils
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider, PrivateKeyJWTOAuthProvider, SignedJWTParameters
from oauthlib.oauth2 import BackendApplicationClient
from pyiceberg.catalog.rest.auth import LegacyOAuth2AuthManager, OAuth2AuthManager
from requests import Session
from requests_oauthlib import OAuth2Session

from trial import EXCHANGE, FILES, ISSUER, MCP, ORDERS, TOKEN, URN, assert_for, claims_of, own_token, trial

warnings.simplefilter("ignore")
subject = own_token()
exchange = {"subject_token": subject, "subject_token_type": URN + "access_token", "audience": ORDERS}
PLATFORM = "platform:repo:example/shop"

# google-auth: an external_account file.


def external(**members):
    source = {"file": str(FILES / "platform-token")}
    return {
        "type": "external_account",
        "audience": ORDERS,
        "subject_token_type": URN + "jwt",
        "token_url": TOKEN,
        "credential_source": source,
        **members,
    }


def google_token(info, scopes=None):
    credentials = identity_pool.Credentials.from_info(info, scopes=scopes)
    credentials.refresh(google.auth.transport.requests.Request())
    assert_for(credentials.token, PLATFORM)


def application_default():
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(external(), file)
        file.flush()
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = file.name
        credentials, _ = google.auth.default(scopes=["read"])
        credentials.refresh(google.auth.transport.requests.Request())
        assert_for(credentials.token, PLATFORM)


def google_sts():
    authentication = utils.ClientAuthentication(utils.ClientAuthType.basic, "basic", "basic-secret")
    client = sts.Client(TOKEN, authentication)
    actor = AuthlibSession("basic", "basic-secret").fetch_token(TOKEN, grant_type="client_credentials", audience=ORDERS)
    answer = client.exchange_token(
        google.auth.transport.requests.Request(),
        grant_type=EXCHANGE,
        subject_token=subject,
        subject_token_type=URN + "access_token",
        audience=ORDERS,
        actor_token=actor["access_token"],
        actor_token_type=URN + "access_token",
    )
    assert claims_of(answer["access_token"])["act"]["sub"] == "basic", answer
    refreshed = client.refresh_token(google.auth.transport.requests.Request(), answer["refresh_token"])
    assert_for(refreshed["access_token"], "post")


JSON_FORMAT = {"type": "json", "subject_token_field_name": "id_token"}
trial("google-auth", "external account from a file, a workload", lambda: google_token(external()))
trial("google-auth", "external account, scopes", lambda: google_token(external(), ["read"]))
trial(
    "google-auth",
    "external account, the token in JSON, with a client",
    lambda: google_token(
        external(
            client_id="basic",
            client_secret="basic-secret",
            credential_source={"file": str(FILES / "platform-token.json"), "format": JSON_FORMAT},
        )
    ),
)
trial(
    "google-auth",
    "external account, the token from a URL",
    lambda: google_token(external(credential_source={"url": os.environ["HELPER"] + "/platform-token"})),
)
trial("google-auth", "application default credentials", application_default)
trial(
    "google-auth",
    "a token file that ends in a line feed",
    lambda: google_token(external(credential_source={"file": str(FILES / "platform-token-lf")})),
    fails="invalid",
    because="the library sends the line feed, too: write the file without it",
)
trial("google-auth", "sts.Client: exchange with an actor, refresh", google_sts)

# Authlib.


def authlib(auth, client="basic", **options):
    session = AuthlibSession(client, f"{client}-secret", token_endpoint_auth_method=auth, token_endpoint=TOKEN, **options)
    answer = session.fetch_token(TOKEN, grant_type=EXCHANGE, **exchange)
    assert_for(answer["access_token"], "post")
    refreshed = session.refresh_token(TOKEN, answer["refresh_token"])
    assert_for(refreshed["access_token"], "post")
    told = session.introspect_token(f"{ISSUER}/oauth/introspect", token=refreshed["access_token"])
    assert told.json()["active"] is True
    session.revoke_token(f"{ISSUER}/oauth/revoke", token=refreshed["access_token"])


def authlib_async():
    async def work():
        async with AsyncOAuth2Client("basic", "basic-secret", token_endpoint=TOKEN) as client:
            assert_for((await client.fetch_token(TOKEN, grant_type=EXCHANGE, **exchange))["access_token"], "post")

    asyncio.run(work())


def authlib_key(client):
    key = (FILES / "RS256.pem").read_text()
    session = AuthlibSession(client, key, token_endpoint_auth_method="private_key_jwt", token_endpoint=TOKEN)
    session.register_client_auth_method(PrivateKeyJWT(TOKEN, headers={"kid": "key-RS256"}))
    assert_for(session.fetch_token(TOKEN, grant_type=EXCHANGE, **exchange)["access_token"], "post")


trial("authlib", "exchange, refresh, introspection, revocation; client_secret_basic", lambda: authlib("client_secret_basic"))
trial("authlib", "the same; client_secret_post", lambda: authlib("client_secret_post", "post"))
trial("authlib", "exchange, httpx", authlib_async)
trial(
    "authlib",
    "exchange, private_key_jwt",
    lambda: authlib_key("key-hour"),
    setting="file: `assertionAudience: legacy` and `assertionLifetime: 1h`",
)
trial(
    "authlib",
    "exchange, private_key_jwt without these settings",
    lambda: authlib_key("key"),
    fails="invalid_client",
    because="its assertions live for an hour, and name the token endpoint",
)

# requests-oauthlib.


class ExchangeClient(BackendApplicationClient):
    grant_type = EXCHANGE


def requests_oauthlib(client, **how):
    answer = OAuth2Session(client=client).fetch_token(TOKEN, **how)
    assert_for(answer["access_token"], "post")


trial(
    "requests-oauthlib",
    "client credentials, client_secret_basic",
    lambda: assert_for(
        OAuth2Session(client=BackendApplicationClient("basic")).fetch_token(TOKEN, client_secret="basic-secret")["access_token"],
        "basic",
    ),
)
trial(
    "requests-oauthlib",
    "exchange by a subclass, client_secret_post",
    lambda: requests_oauthlib(ExchangeClient("post"), client_secret="post-secret", include_client_id=True, **exchange),
)

# The MCP SDK: an HTTP client that gets its token when the MCP server answers 401.


class Memory:
    tokens = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return None

    async def set_client_info(self, _info):
        pass


def mcp(provider_of, sub):
    async def work():
        storage = Memory()
        async with httpx2.AsyncClient(auth=provider_of(storage)) as client:
            assert (await client.get(MCP)).status_code == 200
        assert_for(storage.tokens.access_token, sub, MCP)

    asyncio.run(work())


def signed(algorithm):
    parameters = SignedJWTParameters(
        issuer="key", subject="key", signing_key=(FILES / f"{algorithm}.pem").read_text(), signing_algorithm=algorithm
    )
    return lambda storage: PrivateKeyJWTOAuthProvider(
        MCP, storage, "key", parameters.create_assertion_provider(), scope="read", issuer=ISSUER
    )


for method, client in [("client_secret_basic", "basic"), ("client_secret_post", "post")]:
    trial(
        "mcp",
        f"client credentials, {method}",
        lambda: mcp(
            lambda storage: ClientCredentialsOAuthProvider(
                MCP, storage, client, f"{client}-secret", method, "read", issuer=ISSUER
            ),
            client,
        ),
    )
for algorithm in ["ES256", "RS256"]:
    trial("mcp", f"client credentials, private_key_jwt with {algorithm}", lambda: mcp(signed(algorithm), "key"))

# Iceberg.
trial(
    "pyiceberg",
    "OAuth2AuthManager",
    lambda: assert_for(OAuth2AuthManager("basic", "basic-secret", TOKEN, scope="read").auth_header()[7:], "basic"),
)
trial(
    "pyiceberg",
    "`credential` of a catalogue",
    lambda: assert_for(
        LegacyOAuth2AuthManager(
            Session(), TOKEN, "post:post-secret", optional_oauth_params={"scope": "read"}
        ).auth_header()[7:],
        "post",
    ),
    setting="file: a client with `client_secret_post`",
)
