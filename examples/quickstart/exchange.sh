#!/usr/bin/env bash
# The token exchange flow, step by step, with curl and jq. Stops at the first unexpected answer.
#
#   npm start                                  # in one terminal
#   examples/quickstart/exchange.sh            # in another
#
# CAMBIO_URL (default http://localhost:8080) and API_URL (default http://localhost:8081; empty: no API is called) are
# the URLs; CLIENT_ID and CLIENT_SECRET the client. Arguments go to every curl that calls the server, for example for TLS:
#
#   CAMBIO_URL=https://login.camall.io examples/quickstart/exchange.sh \
#     --connect-to login.camall.io:443:127.0.0.1:8443 --cacert ca.pem
set -euo pipefail

CAMBIO_URL=${CAMBIO_URL:-http://localhost:${PORT:-8080}}
API_URL=${API_URL-http://localhost:${API_PORT:-8081}}
CLIENT_ID=${CLIENT_ID:-your_client_id}
CLIENT_SECRET=${CLIENT_SECRET:-your_client_secret}
AUDIENCE=https://api.camall.io
BACKEND=https://backend-service.camall.io
EXCHANGE=urn:ietf:params:oauth:grant-type:token-exchange
ACCESS_TOKEN=urn:ietf:params:oauth:token-type:access_token
JWT=urn:ietf:params:oauth:token-type:jwt
CURL=(curl --silent --show-error --max-time 10 "$@")

step() { printf '\n%s\n' "$*"; }
surprise() { printf 'Surprise: %s\n%s\n' "$1" "${ANSWER:-}" >&2; exit 1; }
# token NAME=VALUE... asks the token endpoint as the client; the answer is in ANSWER, its status in STATUS.
token() {
  local fields=() field
  for field in "$@"; do fields+=(--data-urlencode "$field"); done
  ANSWER=$("${CURL[@]}" --write-out '\n%{http_code}' "$CAMBIO_URL/oauth/token" "${fields[@]}")
  STATUS=${ANSWER##*$'\n'} ANSWER=${ANSWER%$'\n'*}
}
as_client() { token "client_id=$CLIENT_ID" "client_secret=$CLIENT_SECRET" "$@"; }
exchange() { as_client "grant_type=$EXCHANGE" "subject_token=$SUBJECT_TOKEN" "subject_token_type=$ACCESS_TOKEN" "$@"; }
# expect STATUS [JQ TEST] fails unless the last answer has that status and passes the test.
expect() {
  [ "$STATUS" = "$1" ] || surprise "status $STATUS, expected $1"
  [ -z "${2:-}" ] || jq --exit-status "$2" <<<"$ANSWER" >/dev/null || surprise "the answer does not have: $2"
  jq --compact-output 'if .access_token then .access_token |= .[:20] + "..." else . end' <<<"$ANSWER"
}
answered() { expect 200 ".token_type == \"Bearer\" and .expires_in > 0 and .scope == \"openapi\" and $1"; }
claims() { jq --raw-input 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson' <<<"$1"; }
issued() { jq --raw-output .access_token <<<"$ANSWER"; }
# call STATUS PATH [TOKEN] calls the sample API.
call() {
  [ -n "$API_URL" ] || return 0
  local authorization=()
  [ -z "${3:-}" ] || authorization=(--header "Authorization: Bearer $3")
  ANSWER=$(curl --silent --show-error --max-time 10 --write-out '\n%{http_code}' ${authorization[@]+"${authorization[@]}"} "$API_URL$2")
  STATUS=${ANSWER##*$'\n'} ANSWER=${ANSWER%$'\n'*}
  expect "$1" "${4:-.}"
}

step "1. A subject token, by client credentials"
as_client grant_type=client_credentials scope=openapi
answered '.access_token'
SUBJECT_TOKEN=$(issued)

step "2. An actor token: the service that will act"
token grant_type=client_credentials client_id=service client_secret=service_secret scope=openapi
answered '.access_token'
ACTOR_TOKEN=$(issued)

step "3. Exchange, without and with an audience"
exchange scope=openapi
answered ".issued_token_type == \"$ACCESS_TOKEN\""
exchange "audience=$AUDIENCE" scope=openapi
answered ".issued_token_type == \"$ACCESS_TOKEN\""

step "4. Delegation: the service acts for the subject"
exchange "actor_token=$ACTOR_TOKEN" "actor_token_type=$ACCESS_TOKEN" "audience=$AUDIENCE" scope=openapi
answered ".issued_token_type == \"$ACCESS_TOKEN\""
DELEGATED=$(issued)
[ "$(claims "$DELEGATED" | jq --raw-output .act.sub)" = service ] || surprise "the token does not say that the service acts"
claims "$DELEGATED" | jq --compact-output '{sub, act, aud, scope, client_id}'
exchange "actor_token=$ACTOR_TOKEN" "actor_token_type=$ACCESS_TOKEN"
answered ".issued_token_type == \"$ACCESS_TOKEN\""

step "5. For one resource, by name and by place; and for the backend service"
exchange "audience=$AUDIENCE" "resource=$AUDIENCE/v1/resource" scope=openapi
answered ".issued_token_type == \"$ACCESS_TOKEN\""
EXCHANGED=$(issued)
exchange "audience=$BACKEND" "resource=$BACKEND/api"
answered ".issued_token_type == \"$ACCESS_TOKEN\""
FOR_BACKEND=$(issued)
exchange "requested_token_type=$JWT"
answered ".issued_token_type == \"$JWT\""

step "6. Call the API: for whom, and by whom"
call 200 /v1/resource "$EXCHANGED" ".subject == \"$CLIENT_ID\" and .actors == []"
call 200 /v1/resource "$DELEGATED" ".subject == \"$CLIENT_ID\" and .actors[0].sub == \"service\""
call 200 /api "$FOR_BACKEND" '.audience == ["https://backend-service.camall.io"]'
call 401 /v1/resource
call 401 /v1/resource "$FOR_BACKEND" '.error == "invalid_token"'
token grant_type=client_credentials client_id=service client_secret=service_secret scope=read
call 403 /v1/resource "$(issued)" '.error == "insufficient_scope"'

step "7. What is refused, and how"
as_client "grant_type=$EXCHANGE" subject_token=nonsense "subject_token_type=$ACCESS_TOKEN"
expect 400 '.error == "invalid_grant" and .error_description == "The provided subject token is invalid or expired"'
as_client "grant_type=$EXCHANGE" "subject_token=$SUBJECT_TOKEN" subject_token_type=urn:example:unknown
expect 400 '.error == "invalid_request" and .error_description == "The subject_token_type is not supported"'
exchange audience=https://unknown.example
expect 400 '.error == "invalid_target" and .error_description == "The requested audience is not valid for this client"'
exchange scope=admin
expect 400 '.error == "invalid_scope"'
token grant_type=client_credentials "client_id=$CLIENT_ID" client_secret=wrong
expect 401 '.error == "invalid_client"'

step "Everything was as expected."
