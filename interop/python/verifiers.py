"""Libraries with which an API verifies tokens."""
import asyncio

import jwt
import requests
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from fastmcp.server.auth.providers.jwt import JWTVerifier
from joserfc import jwt as jose
from joserfc.jwk import KeySet

from trial import ISSUER, LEDGER, ORDERS, REPORTS, own_token, trial

JWKS = f"{ISSUER}/.well-known/jwks.json"
AUDIENCES = {"ES256": ORDERS, "RS256": REPORTS, "Ed25519": LEDGER}
TOKENS = {alg: own_token(audience) for alg, audience in AUDIENCES.items()}


def check(alg, verify):
    """The token must be accepted, and a changed one and another API's refused."""
    assert verify(TOKENS[alg])
    for bad in [TOKENS[alg][:-6] + "AAAAAA", TOKENS["RS256" if alg == "ES256" else "ES256"]]:
        try:
            accepted = verify(bad)
        except Exception:
            continue
        assert not accepted, "a bad token was accepted"


def pyjwt(alg):
    keys = jwt.PyJWKClient(JWKS)

    def verify(token):
        key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=[alg], audience=AUDIENCES[alg], issuer=ISSUER)

    check(alg, verify)


def joserfc(alg):
    keys = KeySet.import_key_set(requests.get(JWKS).json())
    registry = jose.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCES[alg]}
    )

    def verify(token):
        claims = jose.decode(token, keys, algorithms=[alg]).claims
        registry.validate(claims)
        return claims

    check(alg, verify)


class Validator(JWTBearerTokenValidator):
    def get_jwks(self):
        return KeySet.import_key_set(requests.get(JWKS).json())


def authlib(alg):
    validator = Validator(ISSUER, AUDIENCES[alg])

    def verify(token):
        claims = validator.authenticate_token(token)
        validator.validate_token(claims, ["read"], None)
        return claims

    check(alg, verify)


def fastmcp(alg, algorithm):
    verifier = JWTVerifier(jwks_uri=JWKS, issuer=ISSUER, audience=AUDIENCES[alg], algorithm=algorithm, required_scopes=["read"])
    check(alg, lambda token: asyncio.run(verifier.verify_token(token)))


def introspection():
    verifier = IntrospectionTokenVerifier(
        introspection_url=f"{ISSUER}/oauth/introspect", client_id="api", client_secret="api-secret", required_scopes=["read"]
    )
    check("ES256", lambda token: asyncio.run(verifier.verify_token(token)))


for alg in ["ES256", "RS256"]:
    trial("PyJWT", f"verification, {alg}", lambda: pyjwt(alg))
    trial("joserfc", f"verification, {alg}", lambda: joserfc(alg))
    trial("authlib", f"verification by RFC 9068, {alg}", lambda: authlib(alg))
UNKNOWN = {"fails": "signing key that matches", "because": "it does not know the name `Ed25519`"}
trial("joserfc", "verification, Ed25519", lambda: joserfc("Ed25519"))
trial("PyJWT", "verification, Ed25519", lambda: pyjwt("Ed25519"), **UNKNOWN)
trial("fastmcp", "JWTVerifier, RS256", lambda: fastmcp("RS256", None))
trial("fastmcp", "JWTVerifier, ES256", lambda: fastmcp("ES256", "ES256"), setting='library: `algorithm="ES256"`')
trial(
    "fastmcp",
    "JWTVerifier, ES256 without that setting",
    lambda: fastmcp("ES256", None),
    fails="AssertionError",
    because="it expects RS256, and refuses without an error",
)
trial("fastmcp", "IntrospectionTokenVerifier", introspection, setting="file: a client with `resource`")
