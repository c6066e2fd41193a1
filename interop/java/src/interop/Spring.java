package interop;

import static interop.Trial.*;

import com.nimbusds.jose.jwk.JWK;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.client.*;
import org.springframework.security.oauth2.client.endpoint.*;
import org.springframework.security.oauth2.client.oidc.authentication.OidcIdTokenDecoderFactory;
import org.springframework.security.oauth2.client.registration.*;
import org.springframework.security.oauth2.core.*;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.*;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationToken;
import org.springframework.security.oauth2.server.resource.introspection.SpringOpaqueTokenIntrospector;
import org.springframework.web.bind.annotation.*;

/** Spring Security as a client, as an API, and as an application that people sign in to. */
final class Spring {
  private static String subject;

  private static ClientRegistration registration(String id, ClientAuthenticationMethod method, AuthorizationGrantType grant) {
    return ClientRegistrations.fromIssuerLocation(ISSUER)
        .registrationId("orders").clientId(id).clientSecret(id + "-secret")
        .clientAuthenticationMethod(method).authorizationGrantType(grant).scope("read").build();
  }

  private static String tokenOf(ClientRegistration registration, OAuth2AuthorizedClientProvider provider, Authentication who) {
    var registrations = new InMemoryClientRegistrationRepository(registration);
    var manager =
        new AuthorizedClientServiceOAuth2AuthorizedClientManager(
            registrations, new InMemoryOAuth2AuthorizedClientService(registrations));
    manager.setAuthorizedClientProvider(provider);
    return manager.authorize(OAuth2AuthorizeRequest.withClientRegistrationId("orders").principal(who).build())
        .getAccessToken().getTokenValue();
  }

  private static Authentication caller() {
    Jwt jwt = Jwt.withTokenValue(subject).header("alg", "ES256").subject("post").build();
    return new JwtAuthenticationToken(jwt, java.util.List.of(), "post");
  }

  private static void exchange(String id, ClientAuthenticationMethod method) throws Exception {
    var client = new RestClientTokenExchangeTokenResponseClient();
    JWK key = JWK.parse(read("ES256.json"));
    client.addParametersConverter(new NimbusJwtClientAuthenticationParametersConverter<>(registration -> key));
    var provider = new TokenExchangeOAuth2AuthorizedClientProvider();
    provider.setAccessTokenResponseClient(client);
    assertFor(tokenOf(registration(id, method, AuthorizationGrantType.TOKEN_EXCHANGE), provider, caller()), "post");
  }

  private static void credentials() throws Exception {
    var basic = registration("basic", ClientAuthenticationMethod.CLIENT_SECRET_BASIC, AuthorizationGrantType.CLIENT_CREDENTIALS);
    var who = new UsernamePasswordAuthenticationToken("service", "", java.util.List.of());
    assertFor(tokenOf(basic, new ClientCredentialsOAuth2AuthorizedClientProvider(), who), "basic");
  }

  /** The token must be accepted, and a changed one and another API's refused. */
  private static void verify(JwtDecoder decoder, String audience) throws Exception {
    String token = ownToken(audience);
    decoder.decode(token);
    for (String bad : new String[] {token.substring(0, token.length() - 6) + "AAAAAA", ownToken(audience.equals(ORDERS) ? REPORTS : ORDERS)}) {
      try {
        decoder.decode(bad);
      } catch (JwtException refused) {
        continue;
      }
      throw new IllegalStateException("a bad token was accepted");
    }
  }

  private static JwtDecoder rfc9068(NimbusJwtDecoder.JwkSetUriJwtDecoderBuilder builder, String audience, SignatureAlgorithm algorithm) {
    var decoder = builder.jwsAlgorithm(algorithm).validateType(false).build();
    decoder.setJwtValidator(JwtValidators.createAtJwtValidator().issuer(ISSUER).audience(audience)
        .validators(all -> all.put("client_id", new JwtClaimValidator<>("client_id", java.util.Objects::nonNull))).build());
    return decoder;
  }

  @Configuration
  @EnableAutoConfiguration
  @RestController
  static class Application {
    @GetMapping("/")
    String home(Authentication who) {
      return "signed in as " + who.getName();
    }
  }

  @Configuration
  static class IdTokensByEs256 {
    @Bean
    JwtDecoderFactory<ClientRegistration> idTokens() {
      var factory = new OidcIdTokenDecoderFactory();
      factory.setJwsAlgorithmResolver(registration -> SignatureAlgorithm.ES256);
      return factory;
    }
  }

  /** An API that has two properties and no code for its security. */
  private static void api(String audience, String other) throws Exception {
    String start = "spring.security.oauth2.resourceserver.jwt.";
    var application = new SpringApplication(Application.class);
    application.setDefaultProperties(
        Map.of("server.port", "0", "server.address", "127.0.0.1", "logging.level.root", "error", "spring.main.banner-mode", "off",
            start + "issuer-uri", ISSUER, start + "audiences", audience));
    try (var context = application.run()) {
      String home = "http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port");
      String token = ownToken(audience);
      Map<String, Integer> expected =
          Map.of(token, 200, token.substring(0, token.length() - 6) + "AAAAAA", 401, ownToken(other), 401);
      for (var call : expected.entrySet()) {
        int status = statusOf(home + "/", call.getKey());
        check(status == call.getValue(), status + " instead of " + call.getValue());
      }
    }
  }

  private static void login(Class<?>... sources) throws Exception {
    var application = new SpringApplication(sources);
    String start = "spring.security.oauth2.client.";
    application.setDefaultProperties(
        Map.of("server.port", "0", "server.address", "127.0.0.1", "logging.level.root", "error", "spring.main.banner-mode", "off",
            start + "provider.cambio.issuer-uri", ISSUER, start + "registration.cambio.client-id", "web",
            start + "registration.cambio.client-secret", "web-secret", start + "registration.cambio.scope", "openid,read"));
    try (var context = application.run()) {
      String home = "http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port");
      String page = visit(home + "/oauth2/authorization/cambio");
      check(page.contains("signed in as ada"), page);
    }
  }

  public static void main(String[] arguments) throws Exception {
    subject = ownToken(ORDERS);
    works(SPRING, "exchange, client_secret_basic", "", () -> exchange("basic", ClientAuthenticationMethod.CLIENT_SECRET_BASIC));
    works(SPRING, "exchange, client_secret_post", "", () -> exchange("post", ClientAuthenticationMethod.CLIENT_SECRET_POST));
    works(SPRING, "exchange, private_key_jwt", "file: `assertionAudience: legacy`",
        () -> exchange("key-legacy", ClientAuthenticationMethod.PRIVATE_KEY_JWT));
    works(SPRING, "client credentials", "", Spring::credentials);
    works(SPRING, "API, opaque-token introspection", "file: a client with `resource`", () -> {
      var introspector =
          SpringOpaqueTokenIntrospector.withIntrospectionUri(ISSUER + "/oauth/introspect").clientId("api").clientSecret("api-secret").build();
      check(introspector.introspect(subject).getName().equals("post"), "not active");
    });
    String decoder = "library: a `JwtDecoder` bean with `validateType(false)` and `createAtJwtValidator()`";
    works(SPRING, "API, ES256", decoder,
        () -> verify(rfc9068(NimbusJwtDecoder.withIssuerLocation(ISSUER), ORDERS, SignatureAlgorithm.ES256), ORDERS));
    works(SPRING, "API, `jwk-set-uri`, ES256", decoder,
        () -> verify(rfc9068(NimbusJwtDecoder.withJwkSetUri(ISSUER + "/.well-known/jwks.json"), ORDERS, SignatureAlgorithm.ES256), ORDERS));
    works(SPRING, "API, RS256", decoder, 
        () -> verify(rfc9068(NimbusJwtDecoder.withIssuerLocation(ISSUER), REPORTS, SignatureAlgorithm.RS256), REPORTS));
    String typed = "file: `token: { typ: JWT }` of the resource";
    works(SPRING, "API, the properties `issuer-uri` and `audiences`, ES256", typed, () -> api(SHOP, STORE));
    works(SPRING, "API, the properties `issuer-uri` and `audiences`, RS256", typed, () -> api(STORE, SHOP));
    fails(SPRING, "API, these properties without that setting", "401 instead of 200",
        "it requires `typ: JWT`, and RFC 9068 requires `at+jwt`", () -> api(ORDERS, SHOP));
    works(SPRING, "sign-in by `oauth2Login`", "library: a `JwtDecoderFactory` for ES256; or file: `keys: { alg: RS256 }`",
        () -> login(Application.class, IdTokensByEs256.class));
    fails(SPRING, "sign-in by `oauth2Login` without this setting", "login\\?error", "it expects ID tokens with RS256", () -> login(Application.class));
    System.exit(0);
  }
}
