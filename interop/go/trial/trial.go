// Package trial reports each trial as a line, and has what the trials share.
package trial

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	Orders   = "https://orders.example.com"
	Reports  = "https://reports.example.com"
	Ledger   = "https://ledger.example.com"
	URN      = "urn:ietf:params:oauth:token-type:"
	Exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	Platform = "platform:repo:example/shop"
)

var (
	Issuer   = os.Getenv("ISSUER")
	TokenURL = Issuer + "/oauth/token"
	Callback = os.Getenv("CALLBACK")
)

// Expected is what a user must know, and the error that the library or the server must give.
type Expected struct{ Setting, Fails, Because string }

// Run does the work and prints its outcome.
func Run(client, what string, expected Expected, work func() error) {
	outcome, detail := "works", ""
	if expected.Fails != "" {
		outcome = "wrong"
	}
	if err := work(); err != nil {
		outcome, detail = "wrong", err.Error()
		if expected.Fails != "" && regexp.MustCompile(expected.Fails).MatchString(detail) {
			outcome, detail = "fails", expected.Because
		}
	}
	detail = strings.Join(strings.Fields(detail), " ")
	fmt.Println(strings.Join([]string{"trial", client, what, expected.Setting, outcome, detail}, "\t"))
}

// File is the path of a file of the harness.
func File(name string) string { return filepath.Join(os.Getenv("FILES"), name) }

// Read returns the text of a file of the harness.
func Read(name string) string { return string(Must(os.ReadFile(File(name)))) }

// Must ends the program if the harness itself fails.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func ask(path, target string) (string, error) {
	response, err := http.Get(os.Getenv("HELPER") + path + "?url=" + url.QueryEscape(target))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), err
}

// SignIn signs a person in, and returns the parameters with which the browser is sent back.
func SignIn(target string) (url.Values, error) {
	back, err := ask("/sign-in", target)
	if err != nil {
		return nil, err
	}
	parsed, err := url.Parse(back)
	if err != nil {
		return nil, err
	}
	if parsed.Query().Has("error") {
		return nil, fmt.Errorf("%s", back)
	}
	return parsed.Query(), nil
}

// Visit returns the status, the URL and the text of the last page of an application, after signing in.
func Visit(target string) (string, error) { return ask("/visit", target) }

// Approve agrees to a device.
func Approve(target string) error {
	_, err := ask("/approve", target)
	return err
}

// OwnToken is a token of a client, by a plain request.
func OwnToken(audience string) string {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"post"}, "client_secret": {"post-secret"}}
	form.Set("audience", audience)
	form.Set("scope", "read write")
	response := Must(http.PostForm(TokenURL, form))
	defer response.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		panic(err)
	}
	return answer.AccessToken
}

// For says whether the token is about the subject, for the audience.
func For(token, sub, audience string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return fmt.Errorf("not a JWT: %d parts", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var claims struct {
		Sub string `json:"sub"`
		Aud string `json:"aud"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return err
	}
	if claims.Sub != sub || claims.Aud != audience {
		return fmt.Errorf("a token about %s for %s", claims.Sub, claims.Aud)
	}
	return nil
}
