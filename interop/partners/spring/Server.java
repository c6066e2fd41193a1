// Spring Authorization Server with a client that exchanges tokens, and a token of ada, who has signed in to it.
import java.security.Principal;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.server.authorization.InMemoryOAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2Authorization;
import org.springframework.security.oauth2.server.authorization.OAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;

@Configuration
@EnableAutoConfiguration
public class Server {
    private static final RegisteredClient GATEWAY = RegisteredClient.withId("gateway")
        .clientId("gateway")
        .clientSecret("{noop}gateway-secret")
        .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
        .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
        .authorizationGrantType(AuthorizationGrantType.TOKEN_EXCHANGE)
        .scope("read")
        .build();

    public static void main(String[] arguments) {
        SpringApplication.run(Server.class, arguments);
    }

    @Bean
    public RegisteredClientRepository clients() {
        return new InMemoryRegisteredClientRepository(GATEWAY);
    }

    @Bean
    public OAuth2AuthorizationService authorizations() {
        Instant now = Instant.now();
        return new InMemoryOAuth2AuthorizationService(OAuth2Authorization.withRegisteredClient(GATEWAY)
            .principalName("ada")
            .attribute(Principal.class.getName(), new UsernamePasswordAuthenticationToken("ada", null, List.of()))
            .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
            .token(new OAuth2AccessToken(
                OAuth2AccessToken.TokenType.BEARER, System.getenv("SUBJECT"), now, now.plusSeconds(3000), Set.of("read")))
            .build());
    }
}
