//! Reports each trial as a line, and has what the trials share.
use std::collections::HashMap;
use std::env::var;
use std::future::Future;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

pub const ORDERS: &str = "https://orders.example.com";
pub const REPORTS: &str = "https://reports.example.com";
pub const LEDGER: &str = "https://ledger.example.com";

pub fn issuer() -> String {
    var("ISSUER").expect("ISSUER")
}

pub fn callback() -> String {
    var("CALLBACK").expect("CALLBACK")
}

/// Does the work and prints its outcome. `fails` is a part of the error that is expected, and `because` says why.
pub async fn trial<F>(client: &str, what: &str, setting: &str, expected: Option<(&str, &str)>, work: F)
where
    F: Future<Output = Result<(), Failure>>,
{
    let (outcome, detail) = match (work.await, expected) {
        (Ok(()), None) => ("works", String::new()),
        (Ok(()), Some(_)) => ("wrong", "it works".to_string()),
        (Err(error), None) => ("wrong", format!("{error} {error:?}")),
        (Err(error), Some((part, because))) => {
            let text = format!("{error} {error:?}");
            if text.contains(part) { ("fails", because.to_string()) } else { ("wrong", text) }
        }
    };
    let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    println!("trial\t{client}\t{what}\t{setting}\t{outcome}\t{detail}");
}

async fn ask(path: &str, url: &str) -> Result<String, Failure> {
    let helper = var("HELPER")?;
    let response = reqwest::Client::new().get(format!("{helper}{path}")).query(&[("url", url)]).send().await?;
    Ok(response.error_for_status()?.text().await?)
}

/// Signs in, and returns the parameters with which the browser is sent back.
pub async fn sign_in(url: &str) -> Result<HashMap<String, String>, Failure> {
    let back = reqwest::Url::parse(&ask("/sign-in", url).await?)?;
    Ok(back.query_pairs().into_owned().collect())
}

pub async fn approve(url: &str) -> Result<(), Failure> {
    ask("/approve", url).await.map(|_| ())
}

/// A token of a client, by a plain request.
pub async fn own_token(audience: &str) -> Result<String, Failure> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "post"),
        ("client_secret", "post-secret"),
        ("audience", audience),
        ("scope", "read write"),
    ];
    let url = issuer() + "/oauth/token";
    let answer: serde_json::Value = reqwest::Client::new().post(url).form(&form).send().await?.json().await?;
    Ok(answer["access_token"].as_str().ok_or("no token")?.to_string())
}

/// Checks the subject of a token that the server just sent.
pub fn is_about(token: &str, sub: &str) -> Result<(), Failure> {
    let claims = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(token)?.claims;
    if claims["sub"] == sub { Ok(()) } else { Err(format!("a token about {}", claims["sub"]).into()) }
}
