package onsite.follower;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import generated.dto.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** HTTP with a key, and JSON read as the vendor's clients read it: unknown properties are ignored, unknown values are not. */
final class Api {
    static final ObjectMapper JSON = new ObjectMapper()
            .registerModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(60)).build();
    private final URI base;
    private final Optional<String> key;

    Api(String url, Optional<String> key) {
        this.base = URI.create(url.replaceAll("/+$", "") + "/rest/v1");
        this.key = key;
    }

    /** The same server, asked with another key or with none. */
    Api with(Optional<String> otherKey) {
        return new Api(base.toString().replaceAll("/rest/v1$", ""), otherKey);
    }

    static String inOrganization(String organizationId, String rest) {
        return "/organizations/" + organizationId + "/" + rest;
    }

    static String quoted(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    /** A 200 as an object; everything else, another 2xx too, is an error. */
    <T> T read(String path, Class<T> type) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(
                request(path).header("Accept", "application/json, application/*+json").build(),
                HttpResponse.BodyHandlers.ofString());
        String contentType = answer.headers().firstValue("Content-Type").orElse("");
        if (answer.statusCode() != 200 || !contentType.startsWith("application/json")) {
            throw new IOException(path + " answered " + answer.statusCode() + " " + contentType + " " + answer.body());
        }
        return JSON.readValue(answer.body(), type);
    }

    /** An answer that is meant to be an error. */
    record Refusal(int status, String contentType, Problem problem) {}

    Refusal refusal(String path) throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = http.send(request(path).build(), HttpResponse.BodyHandlers.ofInputStream());
        String contentType = answer.headers().firstValue("Content-Type").orElse("");
        try (InputStream body = answer.body()) {
            // A stream that should have been refused never ends by itself: look before reading.
            Problem problem = contentType.startsWith("application/problem+json") ? JSON.readValue(body, Problem.class) : null;
            return new Refusal(answer.statusCode(), contentType, problem);
        }
    }

    /** A measurement stream; the caller closes it. */
    Lines stream(String path) throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = http.send(
                request(path).header("Accept-Encoding", "gzip").build(), HttpResponse.BodyHandlers.ofInputStream());
        String encoding = answer.headers().firstValue("Content-Encoding").orElse("");
        if (answer.statusCode() != 200 || !encoding.equals("gzip")) {
            answer.body().close();
            throw new IOException(path + " answered " + answer.statusCode() + ", encoding '" + encoding + "'");
        }
        return new Lines(answer.body());
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(120)).GET();
        // The scheme in lower case, as the vendor's clients write it.
        key.ifPresent(text -> request.header("Authorization", "bearer " + text));
        return request;
    }
}
