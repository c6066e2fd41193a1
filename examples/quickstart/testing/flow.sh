#!/bin/bash
# The example script of the token exchange flow as its documentation prints it. Tests run it with the host replaced, and over
# HTTPS as it is; examples/quickstart/exchange.sh is the one to read and to run.

# Configuration
CLIENT_ID="your_client_id"
CLIENT_SECRET="your_client_secret"
AUDIENCE="https://api.camall.io"
SCOPE="openapi"

echo "Token Exchange Flow Example"
echo "============================"
echo ""

# Step 1: Obtain initial subject token
echo "Step 1: Obtaining subject token via Client Credentials flow..."
SUBJECT_TOKEN_RESPONSE=$(curl -s -X POST https://login.camall.io/oauth/token \
  -H "Content-Type: application/x-www-form-urlencoded" \
  -d "grant_type=client_credentials" \
  -d "client_id=${CLIENT_ID}" \
  -d "client_secret=${CLIENT_SECRET}" \
  -d "scope=${SCOPE}")

SUBJECT_TOKEN=$(echo "$SUBJECT_TOKEN_RESPONSE" | jq -r '.access_token')

if [ "$SUBJECT_TOKEN" = "null" ] || [ -z "$SUBJECT_TOKEN" ]; then
  echo "Error: Failed to obtain subject token"
  echo "$SUBJECT_TOKEN_RESPONSE" | jq '.'
  exit 1
fi

echo "Subject token obtained successfully"
echo "Subject Token (truncated): ${SUBJECT_TOKEN:0:50}..."
echo ""

# Step 2: Exchange the token
echo "Step 2: Exchanging token with new audience and scope..."
EXCHANGE_RESPONSE=$(curl -s -X POST https://login.camall.io/oauth/token \
  -H "Content-Type: application/x-www-form-urlencoded" \
  -d "grant_type=urn:ietf:params:oauth:grant-type:token-exchange" \
  -d "subject_token=${SUBJECT_TOKEN}" \
  -d "subject_token_type=urn:ietf:params:oauth:token-type:access_token" \
  -d "client_id=${CLIENT_ID}" \
  -d "client_secret=${CLIENT_SECRET}" \
  -d "audience=${AUDIENCE}" \
  -d "scope=${SCOPE}")

echo "Exchange Response:"
echo "$EXCHANGE_RESPONSE" | jq '.'

# Extract exchanged access token
EXCHANGED_TOKEN=$(echo "$EXCHANGE_RESPONSE" | jq -r '.access_token')

if [ "$EXCHANGED_TOKEN" = "null" ] || [ -z "$EXCHANGED_TOKEN" ]; then
  echo "Error: Token exchange failed"
  exit 1
fi

echo ""
echo "Step 3: Exchanged token obtained successfully"
echo "Exchanged Token (truncated): ${EXCHANGED_TOKEN:0:50}..."
echo ""
echo "You can now use this token to make API requests:"
echo "curl -H \"Authorization: Bearer $EXCHANGED_TOKEN\" https://api.camall.io/v1/resource"
