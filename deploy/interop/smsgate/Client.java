import com.zx.sms.BaseMessage;
import com.zx.sms.common.util.ChannelUtil;
import com.zx.sms.connect.manager.EndpointEntity;
import com.zx.sms.connect.manager.EndpointEntity.SupportLongMessage;
import com.zx.sms.connect.manager.EndpointManager;
import com.zx.sms.handler.api.AbstractBusinessHandler;
import com.zx.sms.session.cmpp.SessionState;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Sends every message, then waits for a response and a receipt per segment and for one reply. */
final class Client {
    private static final long DEADLINE_MS = 60_000;

    static boolean run(Wire wire, String host, int port, String login, String password, List<String> lines)
            throws Exception {
        long deadline = System.currentTimeMillis() + DEADLINE_MS;
        CountDownLatch connected = new CountDownLatch(1);
        BlockingQueue<Wire.Delivered> delivered = new LinkedBlockingQueue<>();
        EndpointEntity client = wire.client(login, password);
        client.setId("client");
        client.setHost(host);
        client.setPort(port);
        client.setMaxChannels((short) 1);
        client.setWindow(16);
        client.setReSendFailMsg(false);
        client.setMaxRetryCnt((short) 1);
        client.setSupportLongmsg(SupportLongMessage.BOTH);
        client.setBusinessHandlerSet(List.of(new AbstractBusinessHandler() {
            @Override
            public String name() {
                return "client";
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
                if (event == SessionState.Connect) {
                    connected.countDown();
                }
                context.fireUserEventTriggered(event);
            }

            @Override
            public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
                Wire.Delivered event = wire.answerDeliver(context, message);
                if (event == null) {
                    context.fireChannelRead(message);
                } else {
                    delivered.add(event);
                }
            }
        }));
        EndpointManager.INS.openEndpoint(client);
        if (!connected.await(DEADLINE_MS, TimeUnit.MILLISECONDS)) {
            System.out.println("not connected");
            return false;
        }

        List<Promise<BaseMessage>> responses = new ArrayList<>();
        for (String line : lines) {
            String[] message = line.split("\t", 2);
            responses.addAll(ChannelUtil.syncWriteLongMsgToEntity(client, wire.submit(message[0], message[1])));
        }
        int accepted = 0;
        for (Promise<BaseMessage> response : responses) {
            boolean answered = response.await(Math.max(1, deadline - System.currentTimeMillis()));
            if (answered && response.isSuccess() && wire.result(response.getNow()) == 0) {
                accepted++;
            }
        }
        int receipts = 0;
        int replies = 0;
        while (receipts < accepted || replies == 0) {
            long left = deadline - System.currentTimeMillis();
            Wire.Delivered event = delivered.poll(Math.max(0, left), TimeUnit.MILLISECONDS);
            if (event == null) {
                break;
            }
            if (event.receipt() && event.content().equals("DELIVRD")) {
                receipts++;
            } else if (!event.receipt()) {
                System.out.println("reply: " + event.content());
                replies++;
            }
        }
        System.out.printf(
                "messages=%d segments=%d accepted=%d receipts=%d replies=%d%n",
                lines.size(), responses.size(), accepted, receipts, replies);
        EndpointManager.INS.close(client);
        return accepted == responses.size() && receipts == accepted && replies > 0;
    }
}
