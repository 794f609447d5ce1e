package onsite.follower;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/**
 * The lines of a compressed stream, each as soon as it is there. The readers of the standard library wait for a full buffer
 * instead, and a quiet stream would never fill it.
 */
final class Lines implements AutoCloseable {
    private final InputStream raw;
    private InputStream plain;
    private final byte[] buffer = new byte[4096];
    private int at;
    private int end;

    Lines(InputStream raw) {
        this.raw = raw;
    }

    /** The next line, empty for a heartbeat; nothing at the end of the stream. */
    Optional<String> next() throws IOException {
        if (plain == null) {
            plain = new GZIPInputStream(raw);
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            if (at == end) {
                end = Math.max(0, plain.read(buffer));
                at = 0;
                if (end == 0) {
                    return line.size() == 0 ? Optional.empty() : Optional.of(line.toString(StandardCharsets.UTF_8));
                }
            }
            byte next = buffer[at++];
            if (next == '\n') {
                return Optional.of(line.toString(StandardCharsets.UTF_8));
            }
            line.write(next);
        }
    }

    @Override
    public void close() throws IOException {
        raw.close();
    }
}
