import com.zx.sms.BaseMessage;
import com.zx.sms.common.util.ChannelUtil;
import com.zx.sms.connect.manager.EndpointEntity;
import com.zx.sms.connect.manager.EndpointEntity.SupportLongMessage;
import com.zx.sms.connect.manager.EndpointManager;
import com.zx.sms.handler.api.AbstractBusinessHandler;
import io.netty.channel.ChannelHandlerContext;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** Answers every submit, sends the receipts, and after the first message a short and a long reply. */
final class Carrier {
    static final List<String> REPLIES = List.of("OK", "收到，谢谢。".repeat(20));

    static void run(Wire wire, int port, String login, String password, Path log) throws Exception {
        PrintStream received = new PrintStream(log.toFile(), StandardCharsets.UTF_8);
        AtomicBoolean replied = new AtomicBoolean();
        Wire.Server server = wire.server(login, password);
        server.login().setId("login");
        server.login().setMaxChannels((short) 8);
        server.login().setSupportLongmsg(SupportLongMessage.BOTH);
        server.login().setReSendFailMsg(false);
        server.login().setBusinessHandlerSet(List.of(new AbstractBusinessHandler() {
            @Override
            public String name() {
                return "carrier";
            }

            @Override
            public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
                Wire.Submitted submitted = wire.answerSubmit(context, message);
                if (submitted == null) {
                    context.fireChannelRead(message);
                    return;
                }
                // One call, so that two sessions never write into one line.
                received.println(submitted.to() + "\t" + submitted.text());
                for (BaseMessage receipt : submitted.receipts()) {
                    context.channel().writeAndFlush(receipt);
                }
                if (replied.compareAndSet(false, true)) {
                    reply(getEndpointEntity(), wire, submitted);
                }
            }
        }));
        server.endpoint().setId("carrier");
        server.endpoint().setHost("127.0.0.1");
        server.endpoint().setPort(port);
        EndpointManager.INS.openEndpoint(server.endpoint());
        System.out.println("listening on 127.0.0.1:" + port);
        // The library's threads are daemons.
        new CountDownLatch(1).await();
    }

    private static void reply(EndpointEntity login, Wire wire, Wire.Submitted submitted) throws Exception {
        for (String text : REPLIES) {
            BaseMessage reply = wire.reply(submitted.to(), submitted.from(), text);
            ChannelUtil.syncWriteLongMsgToEntity(login, reply);
        }
    }
}
