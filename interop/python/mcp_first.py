"""The first generation of the MCP SDK, which many servers and agents still have."""
import asyncio
from importlib.metadata import version

import httpx
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider, PrivateKeyJWTOAuthProvider, SignedJWTParameters

from trial import FILES, ISSUER, MCP, assert_for, trial

SDK = "mcp " + version("mcp")


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
        async with httpx.AsyncClient(auth=provider_of(storage)) as client:
            assert (await client.get(MCP)).status_code == 200
        assert_for(storage.tokens.access_token, sub, MCP)

    asyncio.run(work())


def secret(method, client):
    return lambda storage: ClientCredentialsOAuthProvider(
        MCP, storage, client, f"{client}-secret", method, "read", issuer=ISSUER
    )


def signed():
    parameters = SignedJWTParameters(
        issuer="key", subject="key", signing_key=(FILES / "RS256.pem").read_text()
    )
    return lambda storage: PrivateKeyJWTOAuthProvider(
        MCP, storage, "key", parameters.create_assertion_provider(), "read", issuer=ISSUER
    )


trial(SDK, "client credentials, client_secret_basic", lambda: mcp(secret("client_secret_basic", "basic"), "basic"))
trial(
    SDK,
    "client credentials, client_secret_post",
    lambda: mcp(secret("client_secret_post", "post"), "post"),
    fails="client_id is missing",
    because="it sends no `client_id`: use `client_secret_basic`",
)
trial(SDK, "client credentials, private_key_jwt", lambda: mcp(signed(), "key"))
