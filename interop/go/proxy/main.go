// Command proxy tries oauth2-proxy: a person signs in, and a program brings an access token.
package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"cambio.example/interop/trial"
)

// freeAddress is one that nothing listens on.
func freeAddress() string {
	listener := trial.Must(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	return listener.Addr().String()
}

// behind runs the work against a proxy that guards one page, whose status is 202.
func behind(work func(home string) error, more ...string) func() error {
	return func() error {
		address := freeAddress()
		home := "http://" + address
		var output bytes.Buffer
		proxy := exec.Command("bin/oauth2-proxy", append([]string{
			"--provider=oidc", "--oidc-issuer-url=" + trial.Issuer, "--client-id=web", "--client-secret=web-secret",
			"--scope=openid email", "--cookie-secret=0123456789abcdef0123456789abcdef", "--cookie-secure=false",
			"--email-domain=*", "--http-address=" + address, "--redirect-url=" + home + "/oauth2/callback",
			"--upstream=static://202", "--skip-provider-button", "--provider-ca-file=" + trial.File("ca.pem"),
		}, more...)...)
		proxy.Stdout, proxy.Stderr = &output, &output
		if err := proxy.Start(); err != nil {
			return err
		}
		defer func() {
			_ = proxy.Process.Kill()
			_ = proxy.Wait()
		}()
		for range 300 {
			if response, err := http.Get(home + "/ping"); err == nil {
				response.Body.Close()
				if err := work(home); err != nil {
					return fmt.Errorf("%w: %s", err, output.String())
				}
				return nil
			}
			time.Sleep(100 * time.Millisecond)
		}
		return fmt.Errorf("it does not listen: %s", output.String())
	}
}

func signIn(home string) error {
	page, err := trial.Visit(home + "/")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(page, "202 ") {
		return fmt.Errorf("%.300s", page)
	}
	return nil
}

func bearer(home string) error {
	for token, expected := range map[string]int{trial.OwnToken(trial.Orders): 202, trial.OwnToken(trial.Reports): 302} {
		request := trial.Must(http.NewRequest(http.MethodGet, home+"/", nil))
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != expected {
			return fmt.Errorf("%s instead of %d", response.Status, expected)
		}
	}
	return nil
}

func main() {
	const proxy = "oauth2-proxy"
	trial.Run(proxy, "sign-in", trial.Expected{Setting: "library: `--code-challenge-method=S256`"},
		behind(signIn, "--code-challenge-method=S256"))
	trial.Run(proxy, "sign-in without PKCE", trial.Expected{Fails: "PKCE", Because: "PKCE is required, see the row above"}, behind(signIn))
	trial.Run(proxy, "access tokens of programs, ES256", trial.Expected{Setting: "library: `--skip-jwt-bearer-tokens` and `--extra-jwt-issuers`"},
		behind(bearer, "--skip-jwt-bearer-tokens", "--extra-jwt-issuers="+trial.Issuer+"="+trial.Orders))
}
