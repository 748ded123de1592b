import com.zx.sms.BaseMessage;
import com.zx.sms.connect.manager.EndpointEntity;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayList;
import java.util.List;

/** What differs between the protocols: endpoints, and the shape of submits, receipts and replies. */
interface Wire {
    static Wire of(String protocol) {
        return switch (protocol) {
            case "cmpp2.0" -> new CmppWire((short) 0x20);
            case "cmpp3.0" -> new CmppWire((short) 0x30);
            case "smpp3.4" -> new SmppWire();
            default -> throw new IllegalArgumentException("unknown protocol " + protocol);
        };
    }

    /** A whole message as the carrier received it. */
    record Submitted(String from, String to, String text, List<BaseMessage> receipts) {}

    /** A receipt (with its state) or a reply (with its text) as the client received it. */
    record Delivered(boolean receipt, String content) {}

    /** The server endpoint and its one login; the handler belongs on the login. */
    record Server(EndpointEntity endpoint, EndpointEntity login) {}

    /** A joined message carries all its segments but the last one to arrive, which it is itself. */
    static <T> List<T> segments(List<T> fragments, T whole) {
        List<T> all = fragments == null ? new ArrayList<>() : new ArrayList<>(fragments);
        all.add(whole);
        return all;
    }

    Server server(String login, String password);

    EndpointEntity client(String login, String password);

    BaseMessage submit(String to, String text);

    BaseMessage reply(String from, String to, String text);

    /** Result code of a submit response; 0 is accepted. */
    long result(BaseMessage response);

    /** Answers every segment of a submit; null when the message is something else. */
    Submitted answerSubmit(ChannelHandlerContext context, Object message);

    /** Answers a receipt or every segment of a reply; null when the message is something else. */
    Delivered answerDeliver(ChannelHandlerContext context, Object message);
}
