"""Clients through which a person signs in."""
import asyncio

import httpx2
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from httpx_oauth.clients.openid import OpenID
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata
from requests_oauthlib import OAuth2Session
from urllib.parse import parse_qs, urlsplit

from trial import CALLBACK, ISSUER, MCP, TOKEN, assert_for, sign_in, trial

AUTHORIZE = f"{ISSUER}/oauth/authorize"


def parameter(url, name):
    return parse_qs(urlsplit(url).query)[name][0]


def authlib(**pkce):
    session = AuthlibSession("web", "web-secret", redirect_uri=CALLBACK, scope="openid offline_access read", **pkce)
    verifier = {"code_verifier": "v" * 43} if pkce else {}
    url, _ = session.create_authorization_url(AUTHORIZE, **verifier)
    tokens = session.fetch_token(TOKEN, authorization_response=sign_in(url), **verifier)
    assert_for(tokens["access_token"], "ada")
    assert_for(session.refresh_token(TOKEN, tokens["refresh_token"])["access_token"], "ada")


def requests_oauthlib(**pkce):
    session = OAuth2Session("web-post", redirect_uri=CALLBACK, scope=["openid", "read"], **pkce)
    url, _ = session.authorization_url(AUTHORIZE)
    back = sign_in(url)
    tokens = session.fetch_token(TOKEN, code=parameter(back, "code"), client_secret="web-post-secret", include_client_id=True)
    assert_for(tokens["access_token"], "ada")


def httpx_oauth():
    async def work():
        client = OpenID("web", "web-secret", f"{ISSUER}/.well-known/openid-configuration")
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        url = await client.get_authorization_url(
            CALLBACK, scope=["openid", "email", "read"], code_challenge=challenge, code_challenge_method="S256"
        )
        code = parameter(sign_in(url), "code")
        tokens = await client.get_access_token(code, CALLBACK, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        assert_for(tokens["access_token"], "ada")
        assert (await client.get_id_email(tokens["access_token"])) == ("ada", "ada@example.com")

    asyncio.run(work())


class Memory:
    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def mcp(client):
    async def work():
        storage = Memory()
        storage.client = client
        seen = {}

        async def redirect(url):
            seen["back"] = sign_in(url)

        async def callback():
            back = seen["back"]
            return AuthorizationCodeResult(code=parameter(back, "code"), state=parameter(back, "state"), iss=parameter(back, "iss"))

        metadata = OAuthClientMetadata(redirect_uris=[CALLBACK], scope="offline_access read", token_endpoint_auth_method="none")
        provider = OAuthClientProvider(MCP, metadata, storage, redirect, callback)
        async with httpx2.AsyncClient(auth=provider) as http:
            assert (await http.get(MCP)).status_code == 200
        assert_for(storage.tokens.access_token, "ada", MCP)

    asyncio.run(work())


trial(
    "authlib",
    "sign-in, refresh",
    lambda: authlib(code_challenge_method="S256"),
    setting="library: `code_challenge_method=\"S256\"`",
)
trial("authlib", "sign-in without PKCE", authlib, fails="requires.PKCE", because="PKCE is required, see the row above")
trial("requests-oauthlib", "sign-in", lambda: requests_oauthlib(pkce="S256"), setting="library: `pkce=\"S256\"`")
trial("httpx-oauth", "sign-in with PKCE, userinfo", httpx_oauth)
trial(
    "mcp",
    "sign-in of a client in the file",
    lambda: mcp(OAuthClientInformationFull(client_id="native", redirect_uris=[CALLBACK], token_endpoint_auth_method="none")),
)
trial(
    "mcp",
    "sign-in of a client that registers itself",
    lambda: mcp(None),
    setting="file: `registration: { open: true }`",
)
