//! The crate oauth2: client credentials, introspection, revocation, sign-in, device flow.
use cambio_interop::{Failure, ORDERS, approve, callback, is_about, issuer, own_token, sign_in, trial};
use oauth2::basic::BasicClient;
use oauth2::{
    AccessToken, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl,
    IntrospectionUrl, PkceCodeChallenge, RedirectUrl, RevocationUrl, Scope, StandardDeviceAuthorizationResponse,
    StandardRevocableToken, TokenIntrospectionResponse, TokenResponse, TokenUrl,
};

const OAUTH2: &str = "oauth2";

fn http() -> Result<reqwest::Client, Failure> {
    Ok(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?)
}

async fn credentials(id: &str, secret: &str, way: AuthType) -> Result<(), Failure> {
    let client = BasicClient::new(ClientId::new(id.into()))
        .set_client_secret(ClientSecret::new(secret.into()))
        .set_auth_type(way)
        .set_token_uri(TokenUrl::new(issuer() + "/oauth/token")?);
    let request = client.exchange_client_credentials().add_extra_param("audience", ORDERS);
    let token = request.request_async(&http()?).await?;
    is_about(token.access_token().secret(), id)
}

async fn introspection() -> Result<(), Failure> {
    let client = BasicClient::new(ClientId::new("basic".into()))
        .set_client_secret(ClientSecret::new("basic-secret".into()))
        .set_token_uri(TokenUrl::new(issuer() + "/oauth/token")?)
        .set_introspection_url(IntrospectionUrl::new(issuer() + "/oauth/introspect")?)
        .set_revocation_url(RevocationUrl::new(issuer() + "/oauth/revoke")?);
    let http = http()?;
    let token = client.exchange_client_credentials().request_async(&http).await?;
    let told = client.introspect(token.access_token()).request_async(&http).await?;
    if !told.active() {
        return Err("not active".into());
    }
    let revocable = StandardRevocableToken::AccessToken(token.access_token().clone());
    client.revoke_token(revocable)?.request_async(&http).await?;
    let told = client.introspect(&AccessToken::new(token.access_token().secret().clone())).request_async(&http).await?;
    if told.active() { Err("active".into()) } else { Ok(()) }
}

async fn people() -> Result<(), Failure> {
    let client = BasicClient::new(ClientId::new("web".into()))
        .set_client_secret(ClientSecret::new("web-secret".into()))
        .set_auth_uri(AuthUrl::new(issuer() + "/oauth/authorize")?)
        .set_token_uri(TokenUrl::new(issuer() + "/oauth/token")?)
        .set_redirect_uri(RedirectUrl::new(callback())?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, _) = client
        .authorize_url(CsrfToken::new_random)
        .add_scope(Scope::new("offline_access".into()))
        .add_scope(Scope::new("read".into()))
        .set_pkce_challenge(challenge)
        .url();
    let back = sign_in(url.as_str()).await?;
    let code = AuthorizationCode::new(back["code"].clone());
    let http = http()?;
    let token = client.exchange_code(code).set_pkce_verifier(verifier).request_async(&http).await?;
    let refresh = token.refresh_token().ok_or("no refresh token")?;
    let refreshed = client.exchange_refresh_token(refresh).request_async(&http).await?;
    is_about(refreshed.access_token().secret(), "ada")
}

async fn device() -> Result<(), Failure> {
    let client = BasicClient::new(ClientId::new("tv".into()))
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(TokenUrl::new(issuer() + "/oauth/token")?)
        .set_device_authorization_url(DeviceAuthorizationUrl::new(issuer() + "/oauth/device_authorization")?);
    let http = http()?;
    let begun: StandardDeviceAuthorizationResponse =
        client.exchange_device_code().add_scope(Scope::new("read".into())).request_async(&http).await?;
    approve(begun.verification_uri_complete().ok_or("no URI")?.secret()).await?;
    let token = client.exchange_device_access_token(&begun).request_async(&http, tokio::time::sleep, None).await?;
    is_about(token.access_token().secret(), "ada")
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    own_token(ORDERS).await?;
    trial(OAUTH2, "client credentials, client_secret_basic", "", None, credentials("basic", "basic-secret", AuthType::BasicAuth)).await;
    trial(OAUTH2, "client credentials, client_secret_post", "", None, credentials("post", "post-secret", AuthType::RequestBody)).await;
    let odd = credentials("odd client", "p+ss%41:w/=&é", AuthType::BasicAuth);
    trial(OAUTH2, "client credentials, a secret and an id that form encoding changes", "", None, odd).await;
    trial(OAUTH2, "introspection, revocation", "", None, introspection()).await;
    trial(OAUTH2, "sign-in with PKCE, refresh", "", None, people()).await;
    trial(OAUTH2, "device flow", "", None, device()).await;
    Ok(())
}
