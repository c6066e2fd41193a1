package interop;

import static interop.Trial.*;

import java.util.Map;
import org.apache.iceberg.rest.HTTPClient;
import org.apache.iceberg.rest.auth.AuthSession;
import org.apache.iceberg.rest.auth.OAuth2Util;

/** The client of a REST catalogue of Apache Iceberg. */
final class Iceberg {
  private static final String CLIENT = "Iceberg iceberg-core";

  private static HTTPClient client() {
    return HTTPClient.builder(Map.of()).uri(ISSUER).withAuthSession(AuthSession.EMPTY).build();
  }

  public static void main(String[] arguments) throws Exception {
    String subject = ownToken(ORDERS);
    works(CLIENT, "`credential`", "file: a client with `client_secret_post`", () -> {
      try (var client = client()) {
        assertFor(OAuth2Util.fetchToken(client, Map.of(), "post:post-secret", "read", TOKEN, Map.of()).token(), "post");
      }
    });
    fails(CLIENT, "exchange, as for a refresh", "Bearer",
        "it authenticates by its own token: `token-exchange-enabled=false`", () -> {
          try (var client = client()) {
            String type = "urn:ietf:params:oauth:token-type:access_token";
            OAuth2Util.exchangeToken(client, OAuth2Util.authHeaders(subject), subject, type, null, null, "read", TOKEN, Map.of());
          }
        });
    System.exit(0);
  }
}
