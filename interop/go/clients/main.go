// Command clients tries clients that need no person: token exchange, client credentials, introspection.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"cambio.example/interop/trial"
	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/client"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	"github.com/zitadel/oidc/v3/pkg/client/tokenexchange"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/google/externalaccount"
	grpccredentials "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/sts"
)

var (
	ctx     = context.Background()
	subject = trial.OwnToken(trial.Orders)
)

func credentials(id, secret string, style oauth2.AuthStyle) func() error {
	return func() error {
		config := clientcredentials.Config{
			ClientID: id, ClientSecret: secret, TokenURL: trial.TokenURL, AuthStyle: style,
			EndpointParams: url.Values{"audience": {trial.Orders}},
		}
		token, err := config.Token(ctx)
		if err != nil {
			return err
		}
		return trial.For(token.AccessToken, id, trial.Orders)
	}
}

func exchange(id, secret string, style oauth2.AuthStyle) func() error {
	return func() error {
		config := oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: oauth2.Endpoint{TokenURL: trial.TokenURL, AuthStyle: style}}
		token, err := config.Exchange(ctx, "",
			oauth2.SetAuthURLParam("grant_type", trial.Exchange),
			oauth2.SetAuthURLParam("subject_token", subject),
			oauth2.SetAuthURLParam("subject_token_type", trial.URN+"access_token"),
			oauth2.SetAuthURLParam("audience", trial.Orders))
		if err != nil {
			return err
		}
		return trial.For(token.AccessToken, "post", trial.Orders)
	}
}

func external(config externalaccount.Config) func() error {
	config.Audience = trial.Orders
	config.SubjectTokenType = trial.URN + "jwt"
	config.TokenURL = trial.TokenURL
	return func() error {
		source, err := externalaccount.NewTokenSource(ctx, config)
		if err != nil {
			return err
		}
		token, err := source.Token()
		if err != nil {
			return err
		}
		return trial.For(token.AccessToken, trial.Platform, trial.Orders)
	}
}

func zitadelExchange(exchanger tokenexchange.TokenExchanger, err error) error {
	if err != nil {
		return err
	}
	answer, err := tokenexchange.ExchangeToken(ctx, exchanger, subject, oidc.AccessTokenType, "", "", nil, []string{trial.Orders}, []string{"read"}, oidc.AccessTokenType)
	if err != nil {
		return err
	}
	return trial.For(answer.AccessToken, "post", trial.Orders)
}

func zitadelKey(id string) func() error {
	return func() error {
		key := trial.Read("RS256.pem")
		signer, err := client.NewSignerFromPrivateKeyByte([]byte(key), "key-RS256")
		if err != nil {
			return err
		}
		return zitadelExchange(tokenexchange.NewTokenExchangerJWTProfile(ctx, trial.Issuer, id, jose.Signer(signer)))
	}
}

func introspect(server rs.ResourceServer, err error) error {
	if err != nil {
		return err
	}
	answer, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, subject)
	if err != nil {
		return err
	}
	if !answer.Active || answer.Subject != "post" {
		return fmt.Errorf("not active: %v", answer)
	}
	return nil
}

// secured is what gRPC knows about a connection over TLS.
type secured struct{ grpccredentials.CommonAuthInfo }

func (secured) AuthType() string { return "tls" }

func grpc() error {
	call, err := sts.NewCredentials(sts.Options{
		TokenExchangeServiceURI: trial.TokenURL,
		Audience:                trial.Orders,
		SubjectTokenPath:        trial.File("platform-token"),
		SubjectTokenType:        trial.URN + "jwt",
	})
	if err != nil {
		return err
	}
	info := secured{grpccredentials.CommonAuthInfo{SecurityLevel: grpccredentials.PrivacyAndIntegrity}}
	_, err = call.GetRequestMetadata(grpccredentials.NewContextWithRequestInfo(ctx, grpccredentials.RequestInfo{AuthInfo: info}))
	if err == nil {
		return errors.New("it got a token")
	}
	return err
}

func main() {
	none := trial.Expected{}
	const x, z = "x/oauth2", "zitadel/oidc"
	trial.Run(x, "client credentials, the library finds the method", none, credentials("basic", "basic-secret", oauth2.AuthStyleAutoDetect))
	trial.Run(x, "client credentials, client_secret_post", none, credentials("post", "post-secret", oauth2.AuthStyleInParams))
	trial.Run(x, "client credentials, a secret and an id that form encoding changes", none, credentials("odd client", "p+ss%41:w/=&é", oauth2.AuthStyleInHeader))
	trial.Run(x, "exchange by `Config.Exchange`, client_secret_basic", none, exchange("basic", "basic-secret", oauth2.AuthStyleInHeader))
	trial.Run(x, "exchange, a public client", none, exchange("public", "", oauth2.AuthStyleInParams))
	scopes := trial.Expected{Setting: "library: `Scopes`, else it asks for the scope `cloud-platform`"}
	file := &externalaccount.CredentialSource{File: trial.File("platform-token")}
	trial.Run(x, "externalaccount from a file, a workload", scopes, external(externalaccount.Config{CredentialSource: file, Scopes: []string{"read"}}))
	trial.Run(x, "externalaccount with a client", scopes, external(externalaccount.Config{
		CredentialSource: file, Scopes: []string{"read"}, ClientID: "basic", ClientSecret: "basic-secret",
	}))
	trial.Run(x, "externalaccount, a token file that ends in a line feed", scopes, external(externalaccount.Config{
		CredentialSource: &externalaccount.CredentialSource{File: trial.File("platform-token-lf")}, Scopes: []string{"read"},
	}))
	trial.Run(z, "exchange, client_secret_basic", none, func() error {
		return zitadelExchange(tokenexchange.NewTokenExchangerClientCredentials(ctx, trial.Issuer, "basic", "basic-secret"))
	})
	hour := trial.Expected{Setting: "file: `assertionLifetime: 1h`"}
	trial.Run(z, "exchange, private_key_jwt", hour, zitadelKey("key-hour"))
	trial.Run(z, "exchange, private_key_jwt without this setting",
		trial.Expected{Fails: "invalid_client", Because: "its assertions live for an hour, which is a constant of the library"}, zitadelKey("key"))
	trial.Run(z, "introspection, client_secret_basic", trial.Expected{Setting: "file: a client with `resource`"}, func() error {
		return introspect(rs.NewResourceServerClientCredentials(ctx, trial.Issuer, "api", "api-secret"))
	})
	trial.Run(z, "introspection, private_key_jwt from a key file", trial.Expected{Setting: "file: `assertionLifetime: 1h`, a client with `resource`"}, func() error {
		return introspect(rs.NewResourceServerFromKeyFile(ctx, trial.Issuer, trial.File("zitadel.json")))
	})
	trial.Run("grpc-go", "credentials/sts",
		trial.Expected{Fails: "400", Because: "it sends JSON, and RFC 8693 requires a form"}, grpc)
}
