// Command verifiers tries libraries with which an API verifies tokens, with the tokens of an ES256 and of an RS256 resource.
package main

import (
	"context"
	"errors"

	"cambio.example/interop/trial"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwx "github.com/lestrrat-go/jwx/v3/jwt"
)

const (
	goOIDC    = "go-oidc"
	golangJWT = "golang-jwt"
	lestrrat  = "jwx"
)

var (
	ctx       = context.Background()
	keys      = trial.Issuer + "/.well-known/jwks.json"
	audiences = map[string]string{"ES256": trial.Orders, "RS256": trial.Reports, "Ed25519": trial.Ledger}
	tokens    = map[string]string{"ES256": trial.OwnToken(trial.Orders), "RS256": trial.OwnToken(trial.Reports), "Ed25519": trial.OwnToken(trial.Ledger)}
	other     = map[string]string{"ES256": "RS256", "RS256": "ES256", "Ed25519": "ES256"}
)

// check accepts the token, and refuses a changed one and another API's.
func check(alg string, verify func(token string) error) error {
	token := tokens[alg]
	if err := verify(token); err != nil {
		return err
	}
	for _, bad := range []string{token[:len(token)-6] + "AAAAAA", tokens[other[alg]]} {
		if verify(bad) == nil {
			return errors.New("a bad token was accepted")
		}
	}
	return nil
}

func withOIDC(alg string, algorithms ...string) func() error {
	return func() error {
		provider, err := oidc.NewProvider(ctx, trial.Issuer)
		if err != nil {
			return err
		}
		verifier := provider.Verifier(&oidc.Config{ClientID: audiences[alg], SupportedSigningAlgs: algorithms})
		return check(alg, func(token string) error {
			_, err := verifier.Verify(ctx, token)
			return err
		})
	}
}

func withJWX(alg string) func() error {
	return func() error {
		set, err := jwk.Fetch(ctx, keys)
		if err != nil {
			return err
		}
		return check(alg, func(token string) error {
			_, err := jwx.Parse([]byte(token), jwx.WithKeySet(set), jwx.WithIssuer(trial.Issuer), jwx.WithAudience(audiences[alg]))
			return err
		})
	}
}

func withGolangJWT(alg string) func() error {
	return func() error {
		set, err := keyfunc.NewDefaultCtx(ctx, []string{keys})
		if err != nil {
			return err
		}
		return check(alg, func(token string) error {
			_, err := jwt.Parse(token, set.Keyfunc, jwt.WithValidMethods([]string{alg}), jwt.WithIssuer(trial.Issuer),
				jwt.WithAudience(audiences[alg]), jwt.WithExpirationRequired())
			return err
		})
	}
}

func main() {
	none := trial.Expected{}
	for _, alg := range []string{"ES256", "RS256"} {
		trial.Run(lestrrat, "verification, "+alg, none, withJWX(alg))
		trial.Run(golangJWT, "verification with keyfunc, "+alg, none, withGolangJWT(alg))
	}
	unknown := trial.Expected{Fails: "signing method|failed to verify", Because: "it does not know the name `Ed25519`"}
	trial.Run(lestrrat, "verification, Ed25519", none, withJWX("Ed25519"))
	trial.Run(golangJWT, "verification with keyfunc, Ed25519", unknown, withGolangJWT("Ed25519"))
	trial.Run(goOIDC, "verification, Ed25519", unknown, withOIDC("Ed25519", "Ed25519"))
	trial.Run(goOIDC, "verification, ES256", none, withOIDC("ES256"))
	trial.Run(goOIDC, "verification, RS256", none, withOIDC("RS256"))
}
