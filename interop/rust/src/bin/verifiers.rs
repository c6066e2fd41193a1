//! The crates openidconnect and jsonwebtoken: sign-in with an ID token, and verification of access tokens.
use cambio_interop::{Failure, LEDGER, ORDERS, REPORTS, callback, issuer, own_token, sign_in, trial};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    RedirectUrl, Scope, TokenResponse,
};

async fn people() -> Result<(), Failure> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let metadata = CoreProviderMetadata::discover_async(IssuerUrl::new(issuer())?, &http).await?;
    let secret = ClientSecret::new("web-secret".into());
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new("web".into()), Some(secret))
        .set_redirect_uri(RedirectUrl::new(callback())?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, _, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("email".into()))
        .set_pkce_challenge(challenge)
        .url();
    let back = sign_in(url.as_str()).await?;
    let code = AuthorizationCode::new(back["code"].clone());
    let token = client.exchange_code(code)?.set_pkce_verifier(verifier).request_async(&http).await?;
    let id = token.id_token().ok_or("no ID token")?;
    let claims = id.claims(&client.id_token_verifier(), &nonce)?;
    if claims.subject().as_str() != "ada" {
        return Err("another subject".into());
    }
    let info: CoreUserInfoClaims = client.user_info(token.access_token().clone(), None)?.request_async(&http).await?;
    if info.email().is_some_and(|email| email.as_str() == "ada@example.com") { Ok(()) } else { Err("no email".into()) }
}

fn verify(keys: &JwkSet, token: &str, algorithm: Algorithm, audience: &str) -> Result<(), Failure> {
    let kid = decode_header(token)?.kid.ok_or("no kid")?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("unknown key")?)?;
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[issuer()]);
    decode::<serde_json::Value>(token, &key, &validation)?;
    Ok(())
}

/// The token must be accepted, and a changed one and another API's refused.
async fn check(algorithm: Algorithm, audience: &str, other: &str) -> Result<(), Failure> {
    let keys: JwkSet = reqwest::get(issuer() + "/.well-known/jwks.json").await?.json().await?;
    let token = own_token(audience).await?;
    verify(&keys, &token, algorithm, audience)?;
    for bad in [format!("{}AAAAAA", &token[..token.len() - 6]), own_token(other).await?] {
        if verify(&keys, &bad, algorithm, audience).is_ok() {
            return Err("a bad token was accepted".into());
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() {
    trial("openidconnect", "sign-in with PKCE: ID token, userinfo", "", None, people()).await;
    trial("jsonwebtoken", "verification, ES256", "", None, check(Algorithm::ES256, ORDERS, REPORTS)).await;
    trial("jsonwebtoken", "verification, RS256", "", None, check(Algorithm::RS256, REPORTS, ORDERS)).await;
    trial("jsonwebtoken", "verification, Ed25519", "", Some(("unknown variant `Ed25519`", "it does not know the name `Ed25519`")), check(Algorithm::EdDSA, LEDGER, ORDERS)).await;
}
