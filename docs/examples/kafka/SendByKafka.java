import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Sends one message by Kafka and waits for its end.
 *
 * <pre>java -cp 'JARS/*' SendByKafka.java BROKERS PREFIX ACCOUNT NUMBER TEXT</pre>
 *
 * JARS holds org.apache.kafka:kafka-clients and what it needs. PREFIX is Carillon's setting upstream.topic_prefix; ACCOUNT is one of
 * upstream.accounts.
 */
public final class SendByKafka {
    private static final String SOURCE = "/examples/java";
    private static final Duration WAIT = Duration.ofSeconds(60);

    public static void main(String[] args) throws Exception {
        if (args.length != 5) {
            throw new IllegalArgumentException("BROKERS PREFIX ACCOUNT NUMBER TEXT are needed");
        }
        String brokers = args[0], prefix = args[1];
        String request = UUID.randomUUID().toString();
        // Who waits for answers looks first, from where the topics end now.
        try (KafkaConsumer<String, String> answers = answersFromNow(brokers, prefix)) {
            send(brokers, prefix, request, args[2], args[3], args[4]);
            await(answers, request);
        }
    }

    private static void send(String brokers, String prefix, String request, String account, String number, String text)
            throws Exception {
        // A program of yours has a JSON library.
        String value = "{\"to\": " + quoted(number) + ", \"text\": " + quoted(text) + "}";
        ProducerRecord<String, String> record = new ProducerRecord<>(prefix + ".requests", value);
        Map<String, String> headers = Map.of(
                "ce_specversion", "1.0",
                "ce_type", "carillon.message.send",
                "ce_source", SOURCE,
                "ce_id", request,
                "ce_account", account,
                "content-type", "application/json");
        headers.forEach((name, text_) -> record.headers().add(name, text_.getBytes(StandardCharsets.UTF_8)));
        // Until all copies have it the request is not sent; a retry of the client does not write it twice.
        Map<String, Object> settings = Map.of("bootstrap.servers", brokers, "acks", "all", "enable.idempotence", true);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(record).get();
        }
    }

    private static void await(KafkaConsumer<String, String> answers, String request) {
        long deadline = System.nanoTime() + WAIT.toNanos();
        String message = null;
        while (System.nanoTime() < deadline) {
            for (ConsumerRecord<String, String> record : answers.poll(Duration.ofSeconds(1))) {
                switch (header(record, "ce_type")) {
                    case "carillon.request.refused" -> {
                        if (SOURCE.equals(header(record, "origin_ce_source")) && request.equals(header(record, "origin_ce_id"))) {
                            throw new IllegalStateException("refused: " + header(record, "ce_code") + " "
                                    + header(record, "ce_field") + ": " + header(record, "ce_reason"));
                        }
                    }
                    case "carillon.message.accepted" -> {
                        if (request.equals(field(record, "request_id")) && SOURCE.equals(field(record, "request_source"))) {
                            message = field(record, "id");
                            System.out.println("accepted " + message);
                        }
                    }
                    case "carillon.message.receipt" -> {
                        if (message != null && message.equals(field(record, "id"))) {
                            System.out.println(field(record, "status"));
                            return;
                        }
                    }
                    default -> { }
                }
            }
        }
        throw new IllegalStateException("nothing came in time");
    }

    private static KafkaConsumer<String, String> answersFromNow(String brokers, String prefix) {
        Map<String, Object> settings = Map.of("bootstrap.servers", brokers, "enable.auto.commit", false);
        var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        List<TopicPartition> places = List.of(prefix + ".events", prefix + ".requests.dlq").stream()
                .flatMap(topic -> consumer.partitionsFor(topic).stream())
                .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                .toList();
        consumer.assign(places);
        consumer.seekToEnd(places);
        // Where the end is, is asked for only when it is needed.
        places.forEach(consumer::position);
        return consumer;
    }

    private static String header(ConsumerRecord<String, String> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    /** Of a flat object, the field of that name that is a plain text. */
    private static String field(ConsumerRecord<String, String> record, String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(record.value());
        return matcher.find() ? matcher.group(1) : "";
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private SendByKafka() { }
}
