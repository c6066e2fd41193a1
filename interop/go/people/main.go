// Command people tries clients through which a person signs in.
package main

import (
	"context"
	"errors"
	"time"

	"cambio.example/interop/trial"
	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

var ctx = context.Background()

func signIn() error {
	provider, err := gooidc.NewProvider(ctx, trial.Issuer)
	if err != nil {
		return err
	}
	config := oauth2.Config{
		ClientID: "web", ClientSecret: "web-secret", Endpoint: provider.Endpoint(), RedirectURL: trial.Callback,
		Scopes: []string{"openid", "offline_access", "read"},
	}
	verifier := oauth2.GenerateVerifier()
	back, err := trial.SignIn(config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		return err
	}
	token, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&gooidc.Config{ClientID: "web"}).Verify(ctx, raw)
	if err != nil {
		return err
	}
	if id.Subject != "ada" {
		return errors.New(id.Subject)
	}
	if _, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token)); err != nil {
		return err
	}
	refreshed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		return err
	}
	return trial.For(refreshed.AccessToken, "ada", trial.Orders)
}

func device() error {
	config := oauth2.Config{ClientID: "tv", Scopes: []string{"read"}, Endpoint: oauth2.Endpoint{
		DeviceAuthURL: trial.Issuer + "/oauth/device_authorization", TokenURL: trial.TokenURL, AuthStyle: oauth2.AuthStyleInParams,
	}}
	begun, err := config.DeviceAuth(ctx)
	if err != nil {
		return err
	}
	if err := trial.Approve(begun.VerificationURIComplete); err != nil {
		return err
	}
	token, err := config.DeviceAccessToken(ctx, begun)
	if err != nil {
		return err
	}
	return trial.For(token.AccessToken, "ada", trial.Orders)
}

func zitadel() error {
	cookies := httphelper.NewCookieHandler([]byte("0123456789abcdef"), nil)
	party, err := rp.NewRelyingPartyOIDC(ctx, trial.Issuer, "web", "web-secret", trial.Callback,
		[]string{"openid", "email", "read"}, rp.WithPKCE(cookies))
	if err != nil {
		return err
	}
	verifier := oauth2.GenerateVerifier()
	back, err := trial.SignIn(rp.AuthURL("state", party, rp.WithCodeChallenge(oidc.NewSHACodeChallenge(verifier))))
	if err != nil {
		return err
	}
	tokens, err := rp.CodeExchange[*oidc.IDTokenClaims](ctx, back.Get("code"), party, rp.WithCodeVerifier(verifier))
	if err != nil {
		return err
	}
	info, err := rp.Userinfo[*oidc.UserInfo](ctx, tokens.AccessToken, tokens.TokenType, tokens.IDTokenClaims.GetSubject(), party)
	if err != nil {
		return err
	}
	if info.Email != "ada@example.com" {
		return errors.New(info.Email)
	}
	return nil
}

func zitadelDevice() error {
	party, err := rp.NewRelyingPartyOIDC(ctx, trial.Issuer, "tv", "", "", []string{"openid", "read"})
	if err != nil {
		return err
	}
	begun, err := rp.DeviceAuthorization(ctx, []string{"openid", "read"}, party, nil)
	if err != nil {
		return err
	}
	if err := trial.Approve(begun.VerificationURIComplete); err != nil {
		return err
	}
	answer, err := rp.DeviceAccessToken(ctx, begun.DeviceCode, time.Duration(begun.Interval)*time.Second, party)
	if err != nil {
		return err
	}
	return trial.For(answer.AccessToken, "ada", trial.Orders)
}

func main() {
	none := trial.Expected{}
	trial.Run("go-oidc", "sign-in with x/oauth2 and PKCE: ID token, userinfo, refresh", none, signIn)
	trial.Run("x/oauth2", "device flow", none, device)
	trial.Run("zitadel/oidc", "sign-in with PKCE, userinfo", none, zitadel)
	trial.Run("zitadel/oidc", "device flow", none, zitadelDevice)
}
