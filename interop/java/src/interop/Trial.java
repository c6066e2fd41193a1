package interop;

import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reports each trial as a line, and has what the trials share. */
final class Trial {
  static final String ISSUER = System.getenv("ISSUER");
  static final String TOKEN = ISSUER + "/oauth/token";
  static final String CALLBACK = System.getenv("CALLBACK");
  static final String ORDERS = "https://orders.example.com";
  static final String REPORTS = "https://reports.example.com";
  static final String SHOP = "https://shop.example.com";
  static final String STORE = "https://store.example.com";
  static final String NIMBUS = "Nimbus oauth2-oidc-sdk";
  static final String SPRING = "Spring Boot";
  static final String GOOGLE = "google-auth-library-java";

  interface Work {
    void run() throws Exception;
  }

  private Trial() {}

  static void works(String client, String what, String setting, Work work) {
    String detail = errorOf(work);
    print(client, what, setting, detail.isEmpty() ? "works" : "wrong", detail);
  }

  /** @param pattern the error that the library or the server must give @param because the same in words */
  static void fails(String client, String what, String pattern, String because, Work work) {
    String detail = errorOf(work);
    boolean expected = !detail.isEmpty() && Pattern.compile(pattern).matcher(detail).find();
    print(client, what, "", expected ? "fails" : "wrong", expected ? because : "it works: " + detail);
  }

  private static void print(String... parts) {
    System.out.println("trial\t" + String.join("\t", List.of(parts)).replaceAll("[\\r\\n]+", " "));
  }

  private static String errorOf(Work work) {
    try {
      work.run();
      return "";
    } catch (Throwable error) {
      StringBuilder text = new StringBuilder();
      for (Throwable cause = error; cause != null; cause = cause.getCause()) text.append(cause).append("; ");
      return text.toString();
    }
  }

  static String read(String name) throws Exception {
    return Files.readString(Path.of(System.getenv("FILES"), name));
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String send(HttpRequest.Builder request) throws Exception {
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) throw new IllegalStateException(response.statusCode() + " " + response.body());
    return response.body();
  }

  private static String ask(String path, String url) throws Exception {
    return send(HttpRequest.newBuilder(URI.create(System.getenv("HELPER") + path + "?url=" + encode(url))));
  }

  /** Signs in, and returns the URL that the browser is sent back to. */
  static URI signIn(URI url) throws Exception {
    return URI.create(ask("/sign-in", url.toString()));
  }

  /** The status, the URL and the text of the last page of an application. */
  static String visit(String url) throws Exception {
    return ask("/visit", url);
  }

  /** The status of a call with the token. */
  static int statusOf(String url, String token) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).header("authorization", "Bearer " + token).build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
  }

  /** A token of a client, by a plain request. */
  static String ownToken(String audience) throws Exception {
    Map<String, String> form =
        Map.of("grant_type", "client_credentials", "client_id", "post", "client_secret", "post-secret",
            "audience", audience, "scope", "read write");
    String body =
        form.entrySet().stream().map(e -> e.getKey() + "=" + encode(e.getValue())).collect(Collectors.joining("&"));
    String answer =
        send(
            HttpRequest.newBuilder(URI.create(TOKEN))
                .header("content-type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    return (String) com.nimbusds.jose.util.JSONObjectUtils.parse(answer).get("access_token");
  }

  static void assertFor(String token, String sub) throws Exception {
    var claims = SignedJWT.parse(token).getJWTClaimsSet();
    check(claims.getSubject().equals(sub) && claims.getAudience().equals(List.of(ORDERS)), claims.toString());
  }

  static void check(boolean holds, String otherwise) {
    if (!holds) throw new IllegalStateException(otherwise);
  }
}
