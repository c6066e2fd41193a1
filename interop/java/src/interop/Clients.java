package interop;

import static interop.Trial.*;

import com.google.auth.oauth2.GoogleCredentials;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.*;
import com.nimbusds.oauth2.sdk.auth.*;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.*;
import com.nimbusds.oauth2.sdk.pkce.*;
import com.nimbusds.oauth2.sdk.token.*;
import com.nimbusds.oauth2.sdk.tokenexchange.TokenExchangeGrant;
import com.nimbusds.openid.connect.sdk.*;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Nimbus and Google's library. */
final class Clients {
  private static String subject;
  private static OIDCProviderMetadata metadata;

  private static HTTPResponse send(Request request) throws Exception {
    HTTPResponse response = request.toHTTPRequest().send();
    if (!response.indicatesSuccess()) throw new IllegalStateException(response.getBody());
    return response;
  }

  private static TokenExchangeGrant grant(Token actor) {
    return new TokenExchangeGrant(
        new BearerAccessToken(subject), TokenTypeURI.ACCESS_TOKEN,
        actor, actor == null ? null : TokenTypeURI.ACCESS_TOKEN,
        TokenTypeURI.ACCESS_TOKEN, List.of(new Audience(ORDERS)));
  }

  private static Tokens tokensOf(TokenRequest request) throws Exception {
    return TokenResponse.parse(send(request)).toSuccessResponse().getTokens();
  }

  private static void exchange(ClientAuthentication authentication) throws Exception {
    Tokens tokens = tokensOf(new TokenRequest.Builder(metadata.getTokenEndpointURI(), authentication, grant(null)).build());
    assertFor(tokens.getAccessToken().getValue(), "post");
  }

  private static ClientSecretBasic basic() {
    return new ClientSecretBasic(new ClientID("basic"), new Secret("basic-secret"));
  }

  private static PrivateKeyJWT key(String client, String audience) throws Exception {
    JWK jwk = JWK.parse(read("ES256.json"));
    return new PrivateKeyJWT(
        new ClientID(client), URI.create(audience), JWSAlgorithm.ES256, jwk.toECKey().toPrivateKey(), jwk.getKeyID(), null);
  }

  private static void life() throws Exception {
    URI endpoint = metadata.getTokenEndpointURI();
    Tokens own = tokensOf(new TokenRequest.Builder(endpoint, basic(), new ClientCredentialsGrant()).build());
    Tokens tokens = tokensOf(new TokenRequest.Builder(endpoint, basic(), grant(own.getAccessToken())).build());
    Tokens refreshed =
        tokensOf(new TokenRequest.Builder(endpoint, basic(), new RefreshTokenGrant(tokens.getRefreshToken())).build());
    check(isActive(refreshed.getAccessToken()), "not active");
    send(new TokenRevocationRequest(metadata.getRevocationEndpointURI(), basic(), refreshed.getAccessToken()));
    check(!isActive(refreshed.getAccessToken()), "active");
  }

  private static boolean isActive(AccessToken token) throws Exception {
    var request = new TokenIntrospectionRequest(metadata.getIntrospectionEndpointURI(), basic(), token);
    return TokenIntrospectionResponse.parse(send(request)).toSuccessResponse().isActive();
  }

  private static void people() throws Exception {
    CodeVerifier verifier = new CodeVerifier();
    ClientID web = new ClientID("web");
    URI callback = URI.create(CALLBACK);
    URI url =
        new AuthenticationRequest.Builder(ResponseType.CODE, new Scope("openid", "read"), web, callback)
            .endpointURI(metadata.getAuthorizationEndpointURI())
            .state(new State("state"))
            .codeChallenge(verifier, CodeChallengeMethod.S256)
            .build()
            .toURI();
    AuthorizationCode code = AuthenticationResponseParser.parse(signIn(url)).toSuccessResponse().getAuthorizationCode();
    var authentication = new ClientSecretBasic(web, new Secret("web-secret"));
    var grant = new AuthorizationCodeGrant(code, callback, verifier);
    HTTPResponse response = send(new TokenRequest.Builder(metadata.getTokenEndpointURI(), authentication, grant).build());
    var tokens = OIDCTokenResponseParser.parse(response).toSuccessResponse();
    var validator =
        new IDTokenValidator(metadata.getIssuer(), web, JWSAlgorithm.ES256, metadata.getJWKSetURI().toURL());
    var claims = validator.validate(((OIDCTokenResponse) tokens).getOIDCTokens().getIDToken(), null);
    check(claims.getSubject().getValue().equals("ada"), claims.toString());
  }

  /** Verifies access tokens with nimbus-jose-jwt. */
  private static void verify(JOSEObjectTypeVerifier<SecurityContext> type, String audience) throws Exception {
    var processor = new DefaultJWTProcessor<SecurityContext>();
    if (type != null) processor.setJWSTypeVerifier(type);
    var keys = JWKSourceBuilder.create(metadata.getJWKSetURI().toURL()).build();
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.ES256, keys));
    var expected = new JWTClaimsSet.Builder().issuer(ISSUER).build();
    processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(audience, expected, Set.of("sub", "exp")));
    String token = ownToken(audience);
    processor.process(token, null);
    for (String bad : List.of(token.substring(0, token.length() - 6) + "AAAAAA", ownToken(REPORTS))) {
      try {
        processor.process(bad, null);
      } catch (BadJOSEException | JOSEException refused) {
        continue;
      }
      throw new IllegalStateException("a bad token was accepted");
    }
  }

  private static void google(Map<String, ?> members, List<String> scopes) throws Exception {
    var info =
        new java.util.HashMap<String, Object>(
            Map.of("type", "external_account", "audience", ORDERS, "token_url", TOKEN,
                "subject_token_type", "urn:ietf:params:oauth:token-type:jwt",
                "credential_source", Map.of("file", System.getenv("FILES") + "/platform-token")));
    info.putAll(members);
    byte[] bytes = JSONObjectUtils.toJSONString(info).getBytes(StandardCharsets.UTF_8);
    GoogleCredentials credentials = GoogleCredentials.fromStream(new ByteArrayInputStream(bytes));
    if (!scopes.isEmpty()) credentials = credentials.createScoped(scopes);
    assertFor(credentials.refreshAccessToken().getTokenValue(), "platform:repo:example/shop");
  }

  public static void main(String[] arguments) throws Exception {
    subject = ownToken(ORDERS);
    metadata = OIDCProviderMetadata.resolve(new Issuer(ISSUER));
    works(NIMBUS, "exchange, client_secret_basic", "", () -> exchange(basic()));
    works(NIMBUS, "exchange, client_secret_post", "",
        () -> exchange(new ClientSecretPost(new ClientID("post"), new Secret("post-secret"))));
    works(NIMBUS, "exchange, private_key_jwt addressed to the issuer", "", () -> exchange(key("key", ISSUER)));
    works(NIMBUS, "exchange, private_key_jwt addressed to the token endpoint", "file: `assertionAudience: legacy`",
        () -> exchange(key("key-legacy", TOKEN)));
    works(NIMBUS, "exchange, a public client", "", () -> {
      var request = new TokenRequest.Builder(metadata.getTokenEndpointURI(), new ClientID("public"), grant(null)).build();
      assertFor(tokensOf(request).getAccessToken().getValue(), "post");
    });
    works(NIMBUS, "exchange with an actor, refresh, introspection, revocation", "", Clients::life);
    works(NIMBUS, "sign-in with PKCE, ID token", "", Clients::people);
    works(NIMBUS, "DefaultJWTProcessor, ES256", "library: `JOSEObjectType(\"at+jwt\")`",
        () -> verify(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")), ORDERS));
    works(NIMBUS, "DefaultJWTProcessor, as it is", "file: `token: { typ: JWT }` of the resource", () -> verify(null, SHOP));
    fails(NIMBUS, "DefaultJWTProcessor without either setting", "typ", "it expects `typ: JWT`, or none", () -> verify(null, ORDERS));
    String scopes = "library: `createScoped`, else it asks for the scope `cloud-platform`";
    works(GOOGLE, "external account from a file, a workload", scopes, () -> google(Map.of(), List.of("read")));
    works(GOOGLE, "external account with a client", scopes,
        () -> google(Map.of("client_id", "basic", "client_secret", "basic-secret"), List.of("read")));
    fails(GOOGLE, "external account without scopes", "invalid_scope", "the server has no scope `cloud-platform`: use `createScoped`",
        () -> google(Map.of(), List.of()));
  }
}
