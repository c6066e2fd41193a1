"""Reports each trial as a line, and has what the trials share."""
import base64
import json
import os
import re
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

ISSUER = os.environ["ISSUER"]
TOKEN = f"{ISSUER}/oauth/token"
CALLBACK = os.environ["CALLBACK"]
MCP = os.environ["MCP"]
FILES = Path(os.environ["FILES"])
ORDERS = "https://orders.example.com"
REPORTS = "https://reports.example.com"
LEDGER = "https://ledger.example.com"
URN = "urn:ietf:params:oauth:token-type:"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def trial(client, what, work, setting="", fails=None, because=""):
    """Runs the work. `fails` is the error that the library or the server must give, and `because` says why."""
    outcome, detail = ("works" if fails is None else "wrong"), ""
    try:
        work()
    except Exception as error:
        text = f"{type(error).__name__}: {error} {getattr(error, 'response', '')}"
        expected = fails is not None and re.search(fails, text)
        outcome, detail = ("fails", because) if expected else ("wrong", text)
    print("\t".join(["trial", client, what, setting, outcome, " ".join(detail.split())]), flush=True)


def ask(path, url=""):
    """Asks the person, or the platform, of the harness."""
    with urlopen(f"{os.environ['HELPER']}{path}?url={quote(url, safe='')}") as answer:
        return answer.read().decode()


def sign_in(url):
    """Signs in, and returns the URL that the browser is sent back to."""
    back = ask("/sign-in", url)
    assert "error=" not in back, back
    return back


def own_token(audience=ORDERS, scope="read write"):
    """A token of a client, by a plain request."""
    form = {"grant_type": "client_credentials", "client_id": "post", "client_secret": "post-secret"}
    body = "&".join(f"{name}={quote(value, safe='')}" for name, value in {**form, "audience": audience, "scope": scope}.items())
    with urlopen(Request(TOKEN, body.encode(), {"content-type": "application/x-www-form-urlencoded"})) as answer:
        return json.load(answer)["access_token"]


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def assert_for(token, sub, audience=ORDERS):
    claims = claims_of(token)
    assert (claims["sub"], claims["aud"]) == (sub, audience), claims
