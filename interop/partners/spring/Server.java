// Spring Authorization Server with a client that exchanges tokens, and a token of ada, who has signed in to it. Authorizations are kept
// in a map, or in a file of H2.
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import java.security.Principal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.init.ResourceDatabasePopulator;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.crypto.password.NoOpPasswordEncoder;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.server.authorization.JdbcOAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2Authorization;
import org.springframework.security.oauth2.server.authorization.OAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;

@Configuration
@EnableAutoConfiguration
public class Server {
    private static final RegisteredClient GATEWAY = RegisteredClient.withId("gateway")
        .clientId("gateway")
        .clientSecret(System.getenv("SECRET"))
        .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
        .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_POST)
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

    /** By default, a secret in the clear is replaced by its bcrypt hash, which takes a tenth of a second for each request. */
    @Bean
    @SuppressWarnings("deprecation")
    public PasswordEncoder secrets() {
        return NoOpPasswordEncoder.getInstance();
    }

    @Bean
    public JWKSource<SecurityContext> keys() throws JOSEException {
        return new ImmutableJWKSet<>(new JWKSet(new ECKeyGenerator(Curve.P_256).keyID("gateway").generate()));
    }

    @Bean
    public OAuth2TokenCustomizer<JwtEncodingContext> algorithm() {
        return context -> context.getJwsHeader().algorithm(SignatureAlgorithm.ES256);
    }

    @Bean
    public OAuth2AuthorizationService authorizations(RegisteredClientRepository clients, DataSource source) {
        boolean isMap = System.getenv("STORE").equals("map");
        OAuth2AuthorizationService authorizations = isMap ? new MapOfTokens() : inDatabase(clients, source);
        Instant now = Instant.now();
        authorizations.save(OAuth2Authorization.withRegisteredClient(GATEWAY)
            .principalName("ada")
            .attribute(Principal.class.getName(), new UsernamePasswordAuthenticationToken("ada", null, List.of()))
            .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
            .token(new OAuth2AccessToken(
                OAuth2AccessToken.TokenType.BEARER, System.getenv("SUBJECT"), now, now.plusSeconds(3000), Set.of("read")))
            .build());
        return authorizations;
    }

    /** The tables of the library, and the index that a search by token needs. */
    private static OAuth2AuthorizationService inDatabase(RegisteredClientRepository clients, DataSource source) {
        new ResourceDatabasePopulator(new ClassPathResource(
            "org/springframework/security/oauth2/server/authorization/oauth2-authorization-schema.sql")).execute(source);
        JdbcTemplate database = new JdbcTemplate(source);
        database.execute("alter table oauth2_authorization alter column access_token_value set data type varchar(4000)");
        database.execute("create index tokens on oauth2_authorization (access_token_value)");
        return new JdbcOAuth2AuthorizationService(database, clients);
    }

    /** The service in memory of the library reads all authorizations to find one. */
    private static class MapOfTokens implements OAuth2AuthorizationService {
        private final Map<String, OAuth2Authorization> byToken = new ConcurrentHashMap<>();

        @Override
        public void save(OAuth2Authorization authorization) {
            byToken.put(authorization.getAccessToken().getToken().getTokenValue(), authorization);
        }

        @Override
        public void remove(OAuth2Authorization authorization) {
            byToken.values().removeIf(one -> one.getId().equals(authorization.getId()));
        }

        @Override
        public OAuth2Authorization findById(String id) {
            return byToken.values().stream().filter(one -> one.getId().equals(id)).findFirst().orElse(null);
        }

        @Override
        public OAuth2Authorization findByToken(String token, OAuth2TokenType type) {
            return byToken.get(token);
        }
    }
}
